//! What must not be shown.

use std::{env, fmt, fs};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// A password or the like, as settings and URLs give it: itself, `env:NAME` or `file:PATH`.
///
/// A secret that itself begins so is written `plain:…`. Never printed; it serializes as it was given, since settings
/// of several sources are laid over each other in that form.
///
/// ```
/// use store_core::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!(secret.reveal()?, "hunter2");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// # store_core::Result::<()>::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// A secret, or where it is found.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself; a file's last line break is not part of it.
    ///
    /// `Config` for a variable that is not set, or a file that cannot be read.
    pub fn reveal(&self) -> Result<String> {
        let Some((place, rest)) = self.0.split_once(':') else { return Ok(self.0.clone()) };
        match place {
            "plain" => Ok(rest.to_owned()),
            "env" => env::var(rest).map_err(|error| {
                let what = match error {
                    env::VarError::NotPresent => "is not set",
                    env::VarError::NotUnicode(_) => "is not Unicode",
                };
                refused(format!(
                    "a secret is to come from the environment variable {rest}, which {what}"
                ))
            }),
            "file" => {
                let read = fs::read_to_string(rest).map_err(|error| {
                    let message =
                        format!("a secret is to come from the file {rest}, which cannot be read");
                    refused(message).with_source(error)
                })?;
                let line = read.strip_suffix('\n').unwrap_or(&read);
                Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
            }
            _ => Ok(self.0.clone()),
        }
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;
    use crate::ErrorKind;

    #[test]
    fn a_secret_is_found_where_it_is_kept() {
        for (given, secret) in [
            ("hunter2", "hunter2"),
            ("a:b", "a:b"),
            ("plain:env:X", "env:X"),
            ("", ""),
            ("env:CARGO_PKG_NAME", "store-core"),
        ] {
            assert_eq!(Secret::new(given).reveal().unwrap(), secret);
        }
        let path = std::env::temp_dir().join(format!("secret-{}", std::process::id()));
        for (stored, secret) in
            [("a b\n", "a b"), ("x\r\n", "x"), ("two\nlines\n\n", "two\nlines\n")]
        {
            std::fs::write(&path, stored).unwrap();
            let found = Secret::new(format!("file:{}", path.display())).reveal();
            assert_eq!(found.unwrap(), secret);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_missing_secret_names_its_place() {
        for (given, place) in
            [("env:NOT_SET_AT_ALL", "NOT_SET_AT_ALL"), ("file:/not/there", "/not/there")]
        {
            let error = Secret::new(given).reveal().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(place), "{error}");
        }
    }
}
