//! Checks that the settings of several adapters share. Each is `Config` and names the setting and what to do.

use crate::{Error, ErrorKind, Result};

/// None of these settings may be 0, each with whether it is.
pub fn at_least_one(settings: &[(&str, bool)]) -> Result<()> {
    match settings.iter().find(|(_, zero)| *zero) {
        None => Ok(()),
        Some((name, _)) => refuse(format!("{name} is 0: set it to at least 1, or leave it out")),
    }
}

/// None of these settings may be above its bound: each as its name, what it is set to, and the largest legal value.
pub fn at_most(settings: &[(&str, usize, usize)]) -> Result<()> {
    match settings.iter().find(|(_, set, most)| set > most) {
        None => Ok(()),
        Some((name, set, most)) => refuse(format!("{name} is {set}: set it to {most} at most")),
    }
}

/// A client certificate and its key are set both or not at all.
pub fn certificate_with_key<T>(certificate: Option<&T>, key: Option<&T>) -> Result<()> {
    if certificate.is_some() == key.is_some() {
        return Ok(());
    }
    refuse("tls_certificate and tls_key belong together: set both, or neither".to_owned())
}

/// The prefix of a namespace `name.prefix`, which stands in front of the names of applications: 1 to 100 ASCII letters,
/// digits, `.`, `_` and `-`, or none.
pub fn prefix_of_namespace(namespace: &str) -> Result<Option<&str>> {
    let Some((_, prefix)) = namespace.split_once('.') else { return Ok(None) };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=100).contains(&prefix.len()) && prefix.bytes().all(legal) {
        return Ok(Some(prefix));
    }
    refuse(format!(
        "namespace {namespace:?} cannot be used: a prefix has 1 to 100 ASCII letters, digits, '.', '_' and '-'"
    ))
}

fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::Config, message))
}

#[cfg(test)]
mod tests {
    use super::{at_least_one, at_most, certificate_with_key, prefix_of_namespace};
    use crate::{ErrorKind, Result};

    fn says<T: std::fmt::Debug>(result: Result<T>, what: &str) {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(what), "{error}");
    }

    #[test]
    fn each_refusal_names_the_setting() {
        at_least_one(&[("a", false), ("b", false)]).unwrap();
        says(at_least_one(&[("a", false), ("b", true)]), "b is 0");
        at_most(&[("a", 5, 5)]).unwrap();
        says(at_most(&[("a", 5, 5), ("b", 6, 5)]), "b is 6: set it to 5 at most");
        certificate_with_key(Some(&1), Some(&2)).unwrap();
        certificate_with_key::<u8>(None, None).unwrap();
        says(certificate_with_key(Some(&1), None), "belong together");
        says(certificate_with_key(None, Some(&1)), "belong together");
    }

    #[test]
    fn a_prefix_has_1_to_100_harmless_characters() {
        let (longest, longer) =
            (format!("a.{}", "p".repeat(100)), format!("a.{}", "p".repeat(101)));
        assert_eq!(prefix_of_namespace("a").unwrap(), None);
        assert_eq!(prefix_of_namespace("a.b.c_D-9").unwrap(), Some("b.c_D-9"));
        assert_eq!(prefix_of_namespace(&longest).unwrap().map(str::len), Some(100));
        for bad in ["a.", "a.b c", "a.é", &longer] {
            says(prefix_of_namespace(bad), "a prefix has");
        }
    }
}
