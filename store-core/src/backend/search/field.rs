//! What of a value is indexed.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// The longest text of an indexed field, in bytes: what the strictest index takes.
pub const MAX_TEXT_BYTES: usize = 32_766;

/// The longest text that a range ends at, or a prefix, in bytes of UTF-8: what databases make of it grows with it.
pub const MAX_BOUND_BYTES: usize = 512;

/// A field of the value that can be searched by.
///
/// The field is absent where nothing is at its path, or null. An array is not looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IndexedField {
    /// Where it is in the value, dots between the names: `flight.carrier`.
    pub path: String,
    /// Its type in the index.
    pub kind: FieldType,
}

/// The type of an indexed field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a backend must index every type")]
pub enum FieldType {
    /// Text, compared whole and by its UTF-8 bytes; at most [`MAX_TEXT_BYTES`] of them.
    Text,
    /// A whole number: any `i64`.
    Integer,
    /// A finite number, whole ones included; `-0.0` is `0.0`.
    Float,
    /// True or false. It has no order.
    Boolean,
    /// A time in milliseconds since 1970: any `i64`.
    Time,
}

impl IndexedField {
    /// A field at a path.
    #[must_use]
    pub fn new(path: impl Into<String>, kind: FieldType) -> Self {
        Self { path: path.into(), kind }
    }

    /// Checks the fields of a store: paths are names of letters, digits, `_` and `-` between dots, none twice and none inside
    /// another. `InvalidArgument` names the first that is not.
    pub fn check(fields: &[Self]) -> Result<()> {
        let mut seen = BTreeSet::new();
        for Self { path, .. } in fields {
            let legal = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let named = |name: &str| !name.is_empty() && name.chars().all(legal);
            if path.len() > MAX_PATH_BYTES || !path.split('.').all(named) {
                return Err(invalid(format!(
                    "{path:?} cannot be indexed: a path is names of letters, digits, _ and -, with dots between them, of \
                     at most {MAX_PATH_BYTES} bytes"
                )));
            }
            if !seen.insert(path) {
                return Err(invalid(format!("field {path} is indexed twice: leave one out")));
            }
        }
        for path in &seen {
            let outer = path.match_indices('.').map(|(dot, _)| path[..dot].to_owned());
            if let Some(outer) = outer.into_iter().find(|outer| seen.contains(outer)) {
                return Err(invalid(format!("field {path} is inside field {outer}: index one")));
            }
        }
        Ok(())
    }
}

/// The longest path of a field.
const MAX_PATH_BYTES: usize = 255;

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

impl FieldType {
    /// The name in records and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Time => "time",
        }
    }

    /// Whether its values have an order, for ranges and sorting.
    #[must_use]
    pub const fn is_ordered(self) -> bool {
        !matches!(self, Self::Boolean)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldType, IndexedField};
    use crate::ErrorKind;

    fn check(paths: &[&str]) -> Result<(), crate::Error> {
        let fields = paths.iter().map(|path| IndexedField::new(*path, FieldType::Text));
        IndexedField::check(&fields.collect::<Vec<_>>())
    }

    #[test]
    fn paths_are_names_between_dots() {
        check(&["carrier", "flight.delay_min", "flight.from-to", "größe", "flight2"]).unwrap();
        let long = "n".repeat(256);
        for path in ["", ".", "a.", ".a", "a..b", "a b", "a*", "_.\"", &long] {
            assert_eq!(check(&[path]).unwrap_err().kind(), ErrorKind::InvalidArgument, "{path}");
        }
    }

    #[test]
    fn no_field_is_in_another() {
        for paths in [["a", "a"], ["a.b.c", "a"], ["a.b", "a.b.c"]] {
            assert_eq!(check(&paths).unwrap_err().kind(), ErrorKind::InvalidArgument, "{paths:?}");
        }
        check(&["a.b", "a.bc", "ab"]).unwrap();
    }

    #[test]
    fn recorded_names() {
        for kind in [
            FieldType::Text,
            FieldType::Integer,
            FieldType::Float,
            FieldType::Boolean,
            FieldType::Time,
        ] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
