//! The URL of a database of several nodes: `scheme://[user[:password]@]host[:port][,host[:port]…]`.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::{Error, ErrorKind, Result, Secret};

/// Where a database is, and who asks.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Address {
    /// The scheme it was given with.
    pub scheme: String,
    /// Some of the nodes, each `host:port`.
    pub nodes: Vec<String>,
    /// The user, where it names one.
    pub user: Option<String>,
    /// The password, where it has one.
    pub password: Option<Secret>,
}

/// What the URLs of a database look like.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a form is written down whole")]
pub struct UrlForm {
    /// The database's name in messages.
    pub database: &'static str,
    /// The schemes that are its own.
    pub schemes: &'static [&'static str],
    /// The port of a node that names none.
    pub port: u16,
    /// What `?namespace=` names there, since it is not given as a path.
    pub namespace: &'static str,
    /// The struct of the settings.
    pub config: &'static str,
}

impl UrlForm {
    /// Reads a URL without parameters. `Config` says what is wrong and shows nothing of it.
    pub fn parse(&self, url: &str) -> Result<Address> {
        let place = url.split_once("://").filter(|(scheme, _)| self.schemes.contains(scheme));
        let (scheme, place) = place.ok_or_else(|| {
            let forms: Vec<_> =
                self.schemes.iter().map(|scheme| format!("{scheme}://HOST")).collect();
            self.refused(&format!("write {}", forms.join(" or ")))
        })?;
        if place.contains('?') {
            let hint = format!("settings are given in {}, or to store::connect", self.config);
            return Err(self.refused(&hint));
        }
        // A password that is a file's name may hold an @.
        let (login, hosts) = match place.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, place),
        };
        let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
        if hosts.contains('/') {
            let hint = format!("{} is the setting ?namespace=, not a path", self.namespace);
            return Err(self.refused(&hint));
        }
        let nodes = hosts.split(',').map(|host| self.node(host)).collect::<Result<_>>()?;
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, "")))
        {
            None => (None, None),
            Some((user, password)) => (self.text(user)?, self.text(password)?.map(Secret::new)),
        };
        Ok(Address { scheme: scheme.to_owned(), nodes, user, password })
    }

    fn text(&self, encoded: &str) -> Result<Option<String>> {
        let text = percent_decode_str(encoded).decode_utf8();
        let text =
            text.map_err(|error| self.refused("user or password is not UTF-8").with_source(error))?;
        Ok((!text.is_empty()).then(|| text.into_owned()))
    }

    fn node(&self, host: &str) -> Result<String> {
        let bracketed = host.starts_with('[');
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !bracketed || name.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        if matches!(name, "" | "[]")
            || (bracketed && !name.ends_with(']'))
            || (!bracketed && name.contains(':'))
        {
            return Err(self.refused(&format!(
                "a host is missing, or an IPv6 address lacks its brackets: [::1]:{}",
                self.port
            )));
        }
        let port = match port {
            None => self.port,
            Some(port) => port.parse().map_err(|error| {
                self.refused("a port is no number below 65536").with_source(error)
            })?,
        };
        Ok(format!("{name}:{port}"))
    }

    fn refused(&self, hint: &str) -> Error {
        let message = format!("the URL of {} is not usable: {hint}", self.database);
        Error::new(ErrorKind::Config, message)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("nodes", &self.nodes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::UrlForm;
    use crate::{ErrorKind, Secret};

    const CASSANDRA: UrlForm = UrlForm {
        database: "Cassandra",
        schemes: &["cassandra", "scylla"],
        port: 9042,
        namespace: "the keyspace",
        config: "CassandraConfig",
    };

    #[test]
    fn a_url_names_nodes_and_who_asks() {
        let address = CASSANDRA.parse("cassandra://me:p%40ss@a,b:9043,[::1]:1/").unwrap();
        assert_eq!(address.scheme, "cassandra");
        assert_eq!(address.nodes, ["a:9042", "b:9043", "[::1]:1"]);
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password, Some(Secret::new("p@ss")));
        assert!(!format!("{address:?}").contains("p@ss"));
        let address = CASSANDRA.parse("scylla://me:file:/run/a@b@host").unwrap();
        assert_eq!(address.password, Some(Secret::new("file:/run/a@b")));
        assert_eq!(CASSANDRA.parse("cassandra://[::1]").unwrap().nodes, ["[::1]:9042"]);
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
            let error = CASSANDRA.parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.to_string().contains(hint), "{url}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
