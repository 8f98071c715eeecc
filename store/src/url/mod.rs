//! The URL that chooses a backend.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use store_core::{Error, ErrorKind, Result};

use crate::refused::{left_out, nearest};

/// A parsed URL: `scheme:place?name=value&…`.
///
/// ```
/// use store::{Scheme, StoreUrl};
///
/// let url: StoreUrl = "memory:?page_entries=500".parse()?;
/// assert_eq!(url.scheme, Scheme::Memory);
/// assert_eq!(url.parameters, [("page_entries".to_owned(), "500".to_owned())]);
/// # Ok::<_, store::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreUrl {
    /// Which backend, and where.
    pub scheme: Scheme,
    /// The settings given with it, in their order, each name once.
    pub parameters: Vec<(String, String)>,
}

/// A scheme and what stands behind it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// `memory:`
    Memory,
    /// `embedded:PATH`; the folder `state` where no path is given.
    Embedded(PathBuf),
    /// `redis://…` and its relatives, without parameters.
    Redis(String),
    /// `cassandra://…` or `scylla://…`, without parameters.
    Cassandra(String),
    /// `elasticsearch+http://…` and its relatives, without parameters.
    Elastic(String),
}

impl Scheme {
    /// The section of the settings that is its own.
    pub(crate) const fn section(&self) -> Option<&'static str> {
        match self {
            Self::Memory => None,
            Self::Embedded(_) => Some("embedded"),
            Self::Redis(_) => Some("redis"),
            Self::Cassandra(_) => Some("cassandra"),
            Self::Elastic(_) => Some("elastic"),
        }
    }

    fn parse(name: &str, place: &str) -> Result<Self> {
        match name {
            "memory" if matches!(place, "" | "//") => Ok(Self::Memory),
            "memory" => Err(invalid("memory: takes no path")),
            "embedded" if cfg!(feature = "embedded") => Ok(Self::Embedded(path(place)?)),
            name if REDIS.contains(&name) && cfg!(feature = "redis") => {
                Ok(Self::Redis(address(name, place)?))
            }
            name if CASSANDRA.contains(&name) && cfg!(feature = "cassandra") => {
                Ok(Self::Cassandra(address(name, place)?))
            }
            name if ELASTIC.contains(&name) && cfg!(feature = "elastic") => {
                Ok(Self::Elastic(address(name, place)?))
            }
            name if BUILT.contains(&name) => {
                let feature = match name {
                    "embedded" => name,
                    name if CASSANDRA.contains(&name) => "cassandra",
                    name if ELASTIC.contains(&name) => "elastic",
                    _ => "redis",
                };
                Err(unsupported(format!("{name}: {}", left_out(feature))))
            }
            other => Err(unknown(other)),
        }
    }
}

impl fmt::Debug for Scheme {
    /// Without a server's address: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory:"),
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Redis(_) => f.write_str("redis:…"),
            Self::Cassandra(_) => f.write_str("cassandra:…"),
            Self::Elastic(_) => f.write_str("elasticsearch:…"),
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    /// Parses a URL. `Config` for an unknown scheme or a bad path; `Unsupported` for a backend that was left out of
    /// the program.
    fn from_str(url: &str) -> Result<Self> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (scheme, place) = place.split_once(':').ok_or_else(|| no_scheme(url))?;
        let scheme = Scheme::parse(&scheme.to_ascii_lowercase(), place)?;
        let mut parameters = Vec::<(String, String)>::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(invalid(&format!("parameter {name} stands twice in the URL")));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { scheme, parameters })
    }
}

impl fmt::Debug for StoreUrl {
    /// The names of parameters only: a value may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parameters.iter().map(|(name, _)| name).collect();
        f.debug_struct("StoreUrl")
            .field("scheme", &self.scheme)
            .field("parameters", &names)
            .finish()
    }
}

fn path(place: &str) -> Result<PathBuf> {
    if place.is_empty() {
        return Ok(DEFAULT_PATH.into());
    }
    // `//a/b` would be taken for a host and a path by some and for `/a/b` by others.
    if place.starts_with("//") && !place.starts_with("///") {
        return Err(invalid("embedded: takes no host: write embedded:PATH"));
    }
    if place == "~" || place.starts_with("~/") {
        return Err(invalid("embedded: knows no ~: write the folder out, or ./~ for that name"));
    }
    let is_escape = |rest: &str| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !place.split('%').skip(1).all(is_escape) {
        return Err(invalid("the path of embedded: has a % without two hex digits: write %25"));
    }
    let text = percent_decode_str(place).decode_utf8();
    let text =
        text.map_err(|error| invalid("the path of embedded: is not UTF-8").with_source(error))?;
    if text.contains('\0') {
        return Err(invalid("the path of embedded: has a zero byte"));
    }
    Ok(text.into_owned().into())
}

fn address(scheme: &str, place: &str) -> Result<String> {
    if place.strip_prefix("//").is_none_or(str::is_empty) {
        return Err(invalid(&format!("{scheme}: needs a host: write {scheme}://HOST")));
    }
    Ok(format!("{scheme}:{place}"))
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::Unsupported, message)
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// What stands there may be anything, a password too, so it is not shown.
fn no_scheme(url: &str) -> Error {
    let hint = match url {
        "memory" => "write memory: with a colon",
        "embedded" => "write embedded: with a colon",
        "" => "it is empty",
        _ => "it has no scheme; a folder is embedded:PATH",
    };
    invalid(&format!("this is no URL of a store: {hint}"))
}

fn unknown(scheme: &str) -> Error {
    let known = BUILT.iter().copied();
    let hint = nearest(scheme, known)
        .map_or_else(String::new, |nearest| format!("; did you mean {nearest}:?"));
    // A user name or password may stand before the first colon, so only something like a scheme is shown.
    let plain = scheme.len() <= 32 && scheme.chars().all(|c| c.is_ascii_alphabetic() || c == '+');
    let shown = if plain { format!("scheme {scheme}:") } else { "this scheme".to_owned() };
    invalid(&format!("{shown} is not known: use {}{hint}", AVAILABLE.join(", ")))
}

/// Where `embedded:` keeps state when it names no folder.
const DEFAULT_PATH: &str = "state";

/// Schemes of the backends that are written, whether or not this program has them.
const BUILT: &[&str] = &[
    "memory",
    "embedded",
    "redis",
    "rediss",
    "redis+cluster",
    "rediss+cluster",
    "redis+unix",
    "cassandra",
    "scylla",
    "elasticsearch+http",
    "elasticsearch+https",
    "opensearch+http",
    "opensearch+https",
];

/// Schemes of one server, of TLS, of clusters and of sockets.
const REDIS: &[&str] = &["redis", "rediss", "redis+cluster", "rediss+cluster", "redis+unix"];

/// Two servers of one protocol.
const CASSANDRA: &[&str] = &["cassandra", "scylla"];

/// Two servers of one protocol, with TLS and without.
const ELASTIC: &[&str] =
    &["elasticsearch+http", "elasticsearch+https", "opensearch+http", "opensearch+https"];

/// What this program can connect to.
const AVAILABLE: &[&str] = &[
    "memory:",
    #[cfg(feature = "embedded")]
    "embedded:PATH",
    #[cfg(feature = "redis")]
    "redis://HOST",
    #[cfg(feature = "redis")]
    "rediss://HOST",
    #[cfg(feature = "redis")]
    "redis+cluster://HOST,HOST",
    #[cfg(feature = "redis")]
    "rediss+cluster://HOST,HOST",
    #[cfg(feature = "redis")]
    "redis+unix:///PATH",
    #[cfg(feature = "cassandra")]
    "cassandra://HOST",
    #[cfg(feature = "cassandra")]
    "scylla://HOST",
    #[cfg(feature = "elastic")]
    "elasticsearch+http://HOST",
    #[cfg(feature = "elastic")]
    "elasticsearch+https://HOST",
    #[cfg(feature = "elastic")]
    "opensearch+http://HOST",
    #[cfg(feature = "elastic")]
    "opensearch+https://HOST",
];

#[cfg(test)]
mod tests;
