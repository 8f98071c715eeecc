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
    /// `redis://…` without parameters, as the driver reads it.
    Redis(String),
}

impl Scheme {
    /// The section of the settings that is its own.
    pub(crate) const fn section(&self) -> Option<&'static str> {
        match self {
            Self::Memory => None,
            Self::Embedded(_) => Some("embedded"),
            Self::Redis(_) => Some("redis"),
        }
    }

    fn parse(name: &str, place: &str) -> Result<Self> {
        match name {
            "memory" if matches!(place, "" | "//") => Ok(Self::Memory),
            "memory" => Err(invalid("memory: takes no path")),
            "embedded" if cfg!(feature = "embedded") => Ok(Self::Embedded(path(place)?)),
            "redis" if cfg!(feature = "redis") => Ok(Self::Redis(address(name, place)?)),
            "embedded" | "redis" => Err(unsupported(format!("{name}: {}", left_out(name)))),
            planned if PLANNED.contains(&planned) => {
                let usable = AVAILABLE.join(", ");
                let message = format!("{planned}: is planned and cannot be used yet; use {usable}");
                Err(unsupported(message))
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
        }
    }
}

impl FromStr for StoreUrl {
    type Err = Error;

    /// Parses a URL. `Config` for an unknown scheme or a bad path; `Unsupported` for a backend that is not written yet
    /// or was left out of the program.
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
        return Err(invalid(
            "embedded: takes no host: write embedded:PATH, without slashes before",
        ));
    }
    if place == "~" || place.starts_with("~/") {
        return Err(invalid(
            "embedded: does not know ~: write the folder out, or ./~ for that name",
        ));
    }
    let mut escapes = place.split('%').skip(1);
    if !escapes
        .all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|digit| digit.is_ascii_hexdigit()))
    {
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
    let known = BUILT.iter().chain(PLANNED).copied();
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
const BUILT: &[&str] = &["memory", "embedded", "redis"];

/// What this program can connect to.
const AVAILABLE: &[&str] = &[
    "memory:",
    #[cfg(feature = "embedded")]
    "embedded:PATH",
    #[cfg(feature = "redis")]
    "redis://HOST",
];

/// Schemes of the backends that are planned.
const PLANNED: &[&str] = &[
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

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};
    use store_core::ErrorKind;

    use super::{Scheme, StoreUrl};

    fn parse(url: &str) -> StoreUrl {
        url.parse().unwrap()
    }

    fn refusal(url: &str) -> (ErrorKind, String) {
        let error = url.parse::<StoreUrl>().unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn memory_needs_nothing_behind_its_colon() {
        for url in ["memory:", "memory://", "Memory:", "memory:?"] {
            assert_eq!(parse(url).scheme, Scheme::Memory, "{url}");
        }
    }

    #[test]
    #[cfg(feature = "embedded")]
    fn paths_are_as_they_stand_but_for_escapes() {
        for (url, path) in [
            ("embedded:", "state"),
            ("embedded:?page_entries=1", "state"),
            ("embedded:./my state", "./my state"),
            ("embedded:../up", "../up"),
            ("embedded:/a/b", "/a/b"),
            ("embedded:///a/b", "///a/b"),
            ("embedded:a%3Fb%20c%25", "a?b c%"),
            ("embedded:a+b#c&d=e", "a+b#c&d=e"),
            ("embedded:C:stuff", "C:stuff"),
            ("embedded:wörter%C3%A4", "wörterä"),
            ("embedded:./~", "./~"),
            ("EMBEDDED:X", "X"),
        ] {
            assert_eq!(parse(url).scheme, Scheme::Embedded(path.into()), "{url}");
        }
    }

    #[test]
    fn parameters_are_decoded_and_keep_their_order() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let url = parse("memory:?page_entries=5&b=%20+c&d=e?f:g&h");
        assert_eq!(
            url.parameters,
            [pair("page_entries", "5"), pair("b", "  c"), pair("d", "e?f:g"), pair("h", "")]
        );
    }

    #[test]
    fn bad_urls_say_what_to_do() {
        for (url, hint) in [
            ("", "it is empty"),
            ("./state", "embedded:PATH"),
            ("memory", "with a colon"),
            ("?memory:", "no scheme"),
            (":x", "memory:"),
            ("mem:", "use "),
            ("embeded:x", "did you mean embedded:?"),
            ("memry:", "did you mean memory:?"),
            ("reddis://host", "did you mean redis:?"),
            ("memory:x", "no path"),
            ("memory:?a=1&a=2", "parameter a stands twice"),
        ] {
            let (kind, message) = refusal(url);
            assert_eq!(kind, ErrorKind::Config, "{url}");
            assert!(message.contains(hint), "{url}: {message}");
        }
    }

    #[test]
    #[cfg(feature = "embedded")]
    fn bad_paths_say_what_to_do() {
        for (url, hint) in [
            ("embedded:%ff", "UTF-8"),
            ("embedded:a%00b", "zero byte"),
            ("embedded:100%", "write %25"),
            ("embedded:%4", "write %25"),
            ("embedded:%+1", "write %25"),
            ("embedded:%é", "write %25"),
            ("embedded://host/path", "without slashes"),
            ("embedded://", "without slashes"),
            ("embedded:~/state", "write the folder out"),
        ] {
            let (kind, message) = refusal(url);
            assert_eq!(kind, ErrorKind::Config, "{url}");
            assert!(message.contains(hint), "{url}: {message}");
        }
    }

    #[test]
    fn planned_schemes_are_unsupported_and_say_so() {
        for url in [
            "rediss://localhost",
            "rediss+cluster://a,b",
            "scylla://node/keyspace",
            "elasticsearch+https://user:password@host:9200",
            "opensearch+http://host",
        ] {
            let (kind, message) = refusal(url);
            assert_eq!(kind, ErrorKind::Unsupported, "{url}");
            assert!(message.contains("planned and cannot be used yet"), "{url}: {message}");
            assert!(!message.contains("password"), "{url}: {message}");
        }
    }

    #[test]
    #[cfg(feature = "redis")]
    fn a_server_keeps_its_address_and_does_not_show_it() {
        let url = parse("redis://user:hunter2@host:1/2?namespace=x");
        assert_eq!(url.scheme, Scheme::Redis("redis://user:hunter2@host:1/2".to_owned()));
        assert!(!format!("{url:?}").contains("hunter2"));
        for url in ["redis:", "redis://", "redis:host"] {
            let (kind, message) = refusal(url);
            assert_eq!(kind, ErrorKind::Config, "{url}");
            assert!(message.contains("redis://HOST"), "{message}");
        }
    }

    #[test]
    #[cfg(not(feature = "redis"))]
    fn a_server_left_out_of_the_program_names_its_feature() {
        let (kind, message) = refusal("redis://user:hunter2@host");
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(message.contains("cargo feature `redis`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    #[cfg(not(feature = "embedded"))]
    fn a_backend_left_out_of_the_program_names_its_feature() {
        let (kind, message) = refusal("embedded:./state?cache_bytes=1");
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(message.contains("cargo feature `embedded`"), "{message}");
    }

    #[test]
    fn values_do_not_show() {
        let shown = format!("{:?}", parse("memory:?password=hunter2"));
        assert!(shown.contains("password") && !shown.contains("hunter2"));
        for url in ["hunter2", "user2:hunter2@host", "hunter2:x@host", "embedded://hunter2@x"] {
            let (_, message) = refusal(url);
            assert!(!message.contains("hunter2"), "{url}: {message}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn no_text_panics(url in any::<String>(), place in "[a-z%?&=:/~é0-9]{0,12}") {
            for url in [url.clone(), format!("embedded:{url}"), format!("memory:?{url}"), format!("embedded:{place}"), format!("redis://{url}")] {
                let _ = url.parse::<StoreUrl>();
            }
        }
    }
}
