//! The URL of a cluster: `cassandra://[user[:password]@]host[:port][,host[:port]…]`.

use std::fmt;

use percent_encoding::percent_decode_str;
use store_core::{Error, ErrorKind, Result, Secret};

/// Where a cluster is, and who asks.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Some of its nodes, each `host:port`.
    pub(crate) nodes: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
}

const PORT: u16 = 9042;

impl Address {
    /// Reads a URL without parameters. `Config` says what is wrong and shows nothing of it.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let place = url
            .split_once("://")
            .and_then(|(scheme, place)| matches!(scheme, "cassandra" | "scylla").then_some(place));
        let place = place.ok_or_else(|| refused("write cassandra://HOST or scylla://HOST"))?;
        if place.contains('?') {
            return Err(refused("settings are given in CassandraConfig, or to store::connect"));
        }
        // A password that is a file's name may hold an @.
        let (login, hosts) = match place.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, place),
        };
        let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
        if hosts.contains('/') {
            return Err(refused("the keyspace is the setting ?namespace=, not a path"));
        }
        let nodes = hosts.split(',').map(node).collect::<Result<_>>()?;
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, "")))
        {
            None => (None, None),
            Some((user, password)) => (text(user)?, text(password)?.map(Secret::new)),
        };
        Ok(Self { nodes, user, password })
    }
}

fn text(encoded: &str) -> Result<Option<String>> {
    let text = percent_decode_str(encoded).decode_utf8();
    let text = text.map_err(|error| refused("user or password is not UTF-8").with_source(error))?;
    Ok((!text.is_empty()).then(|| text.into_owned()))
}

fn node(host: &str) -> Result<String> {
    let bracketed = host.starts_with('[');
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !bracketed || name.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    if matches!(name, "" | "[]")
        || (bracketed && !name.ends_with(']'))
        || (!bracketed && name.contains(':'))
    {
        return Err(refused(
            "a host is missing, or an IPv6 address lacks its brackets: [::1]:9042",
        ));
    }
    let port = match port {
        None => PORT,
        Some(port) => port
            .parse()
            .map_err(|error| refused("a port is no number below 65536").with_source(error))?,
    };
    Ok(format!("{name}:{port}"))
}

fn refused(hint: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the URL of Cassandra is not usable: {hint}"))
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use store_core::{ErrorKind, Secret};

    use super::Address;

    #[test]
    fn a_url_names_nodes_and_who_asks() {
        let address = Address::parse("cassandra://me:p%40ss@a,b:9043,[::1]:1/").unwrap();
        assert_eq!(address.nodes, ["a:9042", "b:9043", "[::1]:1"]);
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password, Some(Secret::new("p@ss")));
        assert!(!format!("{address:?}").contains("p@ss"));
        let address = Address::parse("scylla://me:file:/run/a@b@host").unwrap();
        assert_eq!(address.password, Some(Secret::new("file:/run/a@b")));
        assert_eq!(Address::parse("cassandra://[::1]").unwrap().nodes, ["[::1]:9042"]);
    }

    #[test]
    fn a_bad_url_says_what_to_do_and_not_what_it_is() {
        for (url, hint) in [
            ("cassandra:hunter2", "cassandra://HOST"),
            ("redis://hunter2", "cassandra://HOST"),
            ("cassandra://hunter2@", "host is missing"),
            ("cassandra://hunter2@a,", "host is missing"),
            ("cassandra://hunter2@[]", "host is missing"),
            ("cassandra://hunter2@a/keyspace", "?namespace="),
            ("cassandra://hunter2@a:b", "port"),
            ("cassandra://hunter2@a:70000", "port"),
            ("cassandra://hunter2@::1:9042", "brackets"),
            ("cassandra://hunter2@a?tls=true", "CassandraConfig"),
            ("cassandra://hunter2%ff@a", "UTF-8"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.to_string().contains(hint), "{url}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
