//! Values of indexed fields.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{FieldType, MAX_TEXT_BYTES};

/// A value of an indexed field, as a query compares with it.
///
/// Texts, numbers and `bool` turn into it; a time is made by [`time`](Self::time), or given as an integer. It serializes as
/// the bare value: what a backend's own query has in its place.
#[derive(Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a backend must translate every value")]
pub enum FieldValue {
    /// For fields of type text.
    Text(String),
    /// For fields of type integer, float and time.
    Integer(i64),
    /// For fields of type float; finite.
    Float(f64),
    /// For fields of type boolean.
    Boolean(bool),
    /// Milliseconds since 1970, for fields of type time.
    Time(i64),
}

impl FieldValue {
    /// A time in milliseconds since 1970.
    #[must_use]
    pub const fn time(ms: i64) -> Self {
        Self::Time(ms)
    }

    /// Its own type.
    #[must_use]
    pub const fn kind(&self) -> FieldType {
        match self {
            Self::Text(_) => FieldType::Text,
            Self::Integer(_) => FieldType::Integer,
            Self::Float(_) => FieldType::Float,
            Self::Boolean(_) => FieldType::Boolean,
            Self::Time(_) => FieldType::Time,
        }
    }

    /// Whether fields of this type may be compared with it.
    #[must_use]
    pub fn suits(&self, kind: FieldType) -> bool {
        match self {
            Self::Integer(_) => {
                matches!(kind, FieldType::Integer | FieldType::Float | FieldType::Time)
            }
            _ => self.kind() == kind,
        }
    }

    /// What forbids it, whatever the field.
    pub(super) fn flaw(&self) -> Option<&'static str> {
        match self {
            Self::Float(float) if !float.is_finite() => Some("a number that is not finite"),
            Self::Text(text) if text.len() > MAX_TEXT_BYTES => {
                Some("a text longer than any that is indexed")
            }
            _ => None,
        }
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Integer(number) | Self::Time(number) => serializer.serialize_i64(*number),
            // The sum turns -0.0 into 0.0: indexes tell them apart, and people do not.
            Self::Float(number) => serializer.serialize_f64(number + 0.0),
            Self::Boolean(yes) => serializer.serialize_bool(*yes),
        }
    }
}

impl fmt::Debug for FieldValue {
    /// The type only: values are data and stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.kind())
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for FieldValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<i32> for FieldValue {
    fn from(number: i32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u32> for FieldValue {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<f64> for FieldValue {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for FieldValue {
    fn from(yes: bool) -> Self {
        Self::Boolean(yes)
    }
}
