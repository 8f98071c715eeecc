//! What a URL says: where the servers are and how they are spoken to.

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use store_core::{Error, ErrorKind, Result, Secret};

const PORT: u16 = 6379;

/// A URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) place: Place,
    pub(crate) tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) number: i64,
}

/// Where the servers are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Server(String, u16),
    Socket(PathBuf),
    Cluster(Vec<(String, u16)>),
}

impl Address {
    /// Takes a URL apart. `Config`, without the URL in it, says what is wrong.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url
            .split_once("://")
            .ok_or_else(|| refused("needs two slashes: write redis://HOST"))?;
        if rest.contains('?') {
            return Err(refused(
                "takes no parameters here: set them in RedisConfig, or connect by `store::connect`",
            ));
        }
        if scheme == "redis+unix" {
            return Self::socket(rest);
        }
        let (tls, cluster) = match scheme {
            "redis" => (false, false),
            "rediss" => (true, false),
            "redis+cluster" => (false, true),
            "rediss+cluster" => (true, true),
            _ => return Err(refused("has a scheme that is not one of Redis")),
        };
        // A password may hold slashes, as the path of its file does.
        let (login, rest) =
            rest.rsplit_once('@').map_or((None, rest), |(login, rest)| (Some(login), rest));
        let (hosts, number) = rest.split_once('/').unwrap_or((rest, ""));
        let number = if number.is_empty() { Ok(0) } else { number.parse() };
        let number = number.map_err(|error| {
            refused("has something else than the number of a database behind its host")
                .with_source(error)
        })?;
        let mut hosts = hosts.split(',').map(host).collect::<Result<Vec<_>>>()?;
        let place = match hosts.pop() {
            Some(last) if !cluster && hosts.is_empty() => Place::Server(last.0, last.1),
            Some(last) if cluster => {
                hosts.push(last);
                Place::Cluster(hosts)
            }
            _ => {
                return Err(refused(
                    "names several hosts, which only a cluster has: write redis+cluster://",
                ));
            }
        };
        let (user, password) = login.map_or(Ok((None, None)), login_of)?;
        Ok(Self { place, tls, user, password, number })
    }

    fn socket(path: &str) -> Result<Self> {
        if !path.starts_with('/') {
            return Err(refused("needs the whole path of a socket: write redis+unix:///PATH"));
        }
        let place = Place::Socket(decoded(path)?.into());
        Ok(Self { place, tls: false, user: None, password: None, number: 0 })
    }
}

fn host(text: &str) -> Result<(String, u16)> {
    let (name, port) = match text.strip_prefix('[') {
        Some(v6) => v6.split_once(']').ok_or_else(|| refused("has a [ without ]"))?,
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    if name.is_empty() {
        return Err(refused("lacks a host: write redis://HOST"));
    }
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => PORT,
        digits => digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| refused("has a port that is no number from 0 to 65535"))?,
    };
    Ok((decoded(name)?, port))
}

/// `[USER][:PASSWORD]`
fn login_of(login: &str) -> Result<(Option<String>, Option<Secret>)> {
    let (user, password) =
        login.split_once(':').map_or((login, None), |(user, password)| (user, Some(password)));
    let user = Some(decoded(user)?).filter(|user| !user.is_empty());
    Ok((user, password.map(decoded).transpose()?.map(Secret::new)))
}

fn decoded(text: &str) -> Result<String> {
    let text = percent_decode_str(text).decode_utf8();
    Ok(text.map_err(|error| refused("is not UTF-8 once decoded").with_source(error))?.into_owned())
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the URL of Redis {why}"))
}

#[cfg(test)]
mod tests {
    use store_core::{ErrorKind, Secret};

    use super::{Address, Place};

    fn place(url: &str) -> Place {
        Address::parse(url).unwrap().place
    }

    #[test]
    fn a_url_names_servers() {
        let server = |host: &str, port| Place::Server(host.to_owned(), port);
        assert_eq!(place("redis://host"), server("host", 6379));
        assert_eq!(place("rediss://host:1"), server("host", 1));
        assert_eq!(place("redis://[::1]:7/2"), server("::1", 7));
        assert_eq!(place("redis://[::1]"), server("::1", 6379));
        assert_eq!(
            place("redis+unix:///run/my%20redis.sock"),
            Place::Socket("/run/my redis.sock".into())
        );
        let cluster = vec![("a".to_owned(), 1), ("b".to_owned(), 6379)];
        assert_eq!(place("rediss+cluster://a:1,b"), Place::Cluster(cluster));
        assert_eq!(place("redis+cluster://a/0"), Place::Cluster(vec![("a".to_owned(), 6379)]));
        assert_eq!(Address::parse("redis://host/15").unwrap().number, 15);
        let tls = |url| Address::parse(url).unwrap().tls;
        assert_eq!(
            ["redis://a", "rediss://a", "redis+cluster://a", "rediss+cluster://a"].map(tls),
            [false, true, false, true]
        );
    }

    #[test]
    fn a_url_names_who_asks() {
        for (url, user, password) in [
            ("redis://host", None, None),
            ("redis://me@host", Some("me"), None),
            ("redis://:pass@host", None, Some("pass")),
            ("redis://me:p%40ss:x@host/1", Some("me"), Some("p@ss:x")),
            ("redis://me:file:/run/secrets/a@b@host/1", Some("me"), Some("file:/run/secrets/a@b")),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.user.as_deref(), user);
            assert_eq!(address.password, password.map(Secret::new));
            assert!(!format!("{address:?}").contains("p@ss"), "{address:?}");
        }
    }

    #[test]
    fn a_bad_url_says_what_to_do_and_not_what_it_is() {
        for (url, hint) in [
            ("redis:hunter2", "two slashes"),
            ("redis://hunter2@", "lacks a host"),
            ("redis://hunter2:a,b", "port"),
            ("redis://hunter2@a,b", "redis+cluster://"),
            ("redis://hunter2@a/b", "number of a database"),
            ("redis://hunter2@a:70000", "port"),
            ("redis://[hunter2", "without ]"),
            ("redis://hunter2@[::1]7", "port"),
            ("redis://hunter2@a?b=c", "RedisConfig"),
            ("redis+unix://hunter2", "redis+unix:///PATH"),
            ("valkey://hunter2@a", "scheme"),
            ("redis://%ff", "UTF-8"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url}");
            assert!(error.to_string().contains(hint), "{url}: {error}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
