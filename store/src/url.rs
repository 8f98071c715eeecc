//! The URL that chooses a backend.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;
use store_core::{Error, ErrorKind, Result};

/// A scheme and what stands behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// `memory:`
    Memory,
    /// `embedded:PATH`; `./state` where no path is given.
    Embedded(PathBuf),
}

/// Schemes that the design names and that cannot be connected to yet.
const PLANNED: &[&str] = &[
    "redis",
    "rediss",
    "redis+cluster",
    "rediss+cluster",
    "cassandra",
    "scylla",
    "elasticsearch+http",
    "elasticsearch+https",
    "opensearch+http",
    "opensearch+https",
];

/// Where `embedded:` keeps state when it names no folder.
const DEFAULT_PATH: &str = "state";

/// A parsed URL: `scheme:rest?name=value&…`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreUrl {
    /// Which backend, and where.
    pub scheme: Scheme,
    /// The settings given with it, in their order.
    pub parameters: Vec<(String, String)>,
}

impl Scheme {
    /// The section of the settings that is its own.
    pub(crate) const fn section(&self) -> Option<&'static str> {
        match self {
            Self::Embedded(_) if cfg!(feature = "embedded") => Some("embedded"),
            _ => None,
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    /// Parses a URL. `Config` for an unknown scheme or a bad path; `Unsupported` for one that is not there yet.
    fn from_str(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once(':').ok_or_else(|| unknown(url))?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let scheme = match scheme {
            "memory" if place.is_empty() => Scheme::Memory,
            "memory" => return Err(invalid("memory: takes no path")),
            "embedded" => Scheme::Embedded(path(place)?),
            planned if PLANNED.contains(&planned) => {
                let message = format!("{planned}: is not there yet; use embedded:PATH or memory:");
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            other => return Err(unknown(other)),
        };
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
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
    let text = percent_decode_str(place).decode_utf8();
    let text =
        text.map_err(|error| invalid("the path of embedded: is not UTF-8").with_source(error))?;
    if text.contains('\0') {
        return Err(invalid("the path of embedded: has a zero byte"));
    }
    Ok(text.into_owned().into())
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn unknown(scheme: &str) -> Error {
    let known = ["memory", "embedded"].into_iter().chain(PLANNED.iter().copied());
    let nearest = crate::parameters::nearest(scheme, known);
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean {nearest:?}?"));
    // What stands there may hold a password, so only something like a scheme is shown.
    let plain = scheme.len() <= 32 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+');
    let shown = if plain { format!("scheme {scheme:?}") } else { "this scheme".to_owned() };
    invalid(&format!("{shown} is not known: a URL is memory: or embedded:PATH{hint}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};
    use store_core::ErrorKind;

    use super::{Scheme, StoreUrl};

    fn parse(url: &str) -> StoreUrl {
        url.parse().unwrap()
    }

    #[test]
    fn urls() {
        assert_eq!(parse("memory:").scheme, Scheme::Memory);
        for (url, path) in [
            ("embedded:", "state"),
            ("embedded:./my state", "./my state"),
            ("embedded:/a/b", "/a/b"),
            ("embedded:a%3Fb%20c", "a?b c"),
            ("embedded:C:stuff", "C:stuff"),
        ] {
            assert_eq!(parse(url).scheme, Scheme::Embedded(path.into()), "{url}");
        }
        let url = parse("embedded:x?page_entries=5&b=%20");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(url.parameters, [pair("page_entries", "5"), pair("b", " ")]);
    }

    #[test]
    fn bad_urls_say_what_to_do() {
        for (url, kind, hint) in [
            ("", ErrorKind::Config, "embedded:PATH"),
            ("state", ErrorKind::Config, "embedded:PATH"),
            ("embeded:x", ErrorKind::Config, "did you mean \"embedded\"?"),
            ("memory:x", ErrorKind::Config, "no path"),
            ("embedded:%ff", ErrorKind::Config, "UTF-8"),
            ("embedded:a%00b", ErrorKind::Config, "zero byte"),
            ("redis://localhost", ErrorKind::Unsupported, "not there yet"),
        ] {
            let error = url.parse::<StoreUrl>().unwrap_err();
            assert_eq!(error.kind(), kind, "{url}");
            assert!(error.to_string().contains(hint), "{url}: {error}");
        }
    }

    #[test]
    fn values_do_not_show() {
        let shown = format!("{:?}", parse("embedded:x?password=secret"));
        assert!(shown.contains("password") && !shown.contains("secret"));
        let error = "user:secret@host".parse::<StoreUrl>().unwrap_err();
        assert!(!error.to_string().contains("secret"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_text_panics(url in any::<String>(), path in "[a-z%?&=:]{0,12}") {
            let _ = url.parse::<StoreUrl>();
            let _ = format!("embedded:{path}").parse::<StoreUrl>();
        }
    }
}
