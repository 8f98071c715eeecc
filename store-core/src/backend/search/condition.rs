//! What an entry must fulfil to be found.

use std::ops::{Bound, Not, RangeBounds};

use serde_json::{Map, Value};

use super::FieldValue;
use crate::{Error, ErrorKind, Result};

/// What the indexed fields of an entry must fulfil.
///
/// A condition on a field that an entry does not have is not fulfilled, and its negation is. In Rust `!a.and(b)` is
/// `!(a.and(b))`: write `(!a).and(b)` for the other.
///
/// ```
/// use store_core::search::Condition;
///
/// let delayed = Condition::range("delay_min", 15..).and(Condition::term("carrier", "UA"));
/// let elsewhere = Condition::prefix("origin", "JF").or(!Condition::exists("origin"));
/// let both = delayed.and(elsewhere);
/// # let _ = both;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a backend must translate every condition")]
pub enum Condition {
    /// The field is this value.
    Term {
        /// The path of the field.
        field: String,
        /// The value.
        value: FieldValue,
    },
    /// The field is there and lies between these values.
    Range {
        /// The path of the field.
        field: String,
        /// The low end.
        from: Bound<FieldValue>,
        /// The high end.
        to: Bound<FieldValue>,
    },
    /// The field, a text, starts with this one.
    Prefix {
        /// The path of the field.
        field: String,
        /// The beginning; any text has the empty one.
        prefix: String,
    },
    /// The field is there.
    Exists {
        /// The path of the field.
        field: String,
    },
    /// All of these; fulfilled where there are none.
    And(Vec<Self>),
    /// At least one of these; not fulfilled where there are none.
    Or(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A JSON object in the backend's own query language.
    Raw(Raw),
}

/// A JSON object in the query language of a backend.
#[derive(Clone, PartialEq)]
pub struct Raw(Map<String, Value>);

impl Condition {
    /// The field is this value.
    #[must_use]
    pub fn term(field: impl Into<String>, value: impl Into<FieldValue>) -> Self {
        Self::Term { field: field.into(), value: value.into() }
    }

    /// The field lies in this range, for example `15..60`, `15..` or `..=60`, or a pair of bounds.
    #[must_use]
    pub fn range<T: Into<FieldValue> + Clone>(
        field: impl Into<String>,
        range: impl RangeBounds<T>,
    ) -> Self {
        let end = |bound: Bound<&T>| bound.cloned().map(Into::into);
        let (from, to) = (end(range.start_bound()), end(range.end_bound()));
        Self::Range { field: field.into(), from, to }
    }

    /// The field, a text, starts with this one.
    #[must_use]
    pub fn prefix(field: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::Prefix { field: field.into(), prefix: prefix.into() }
    }

    /// The field is there.
    #[must_use]
    pub fn exists(field: impl Into<String>) -> Self {
        Self::Exists { field: field.into() }
    }

    /// A condition in the backend's own query language, for what the others cannot say; its fields and their types are not
    /// checked here. `InvalidArgument` where it is not a JSON object.
    ///
    /// ```
    /// use store_core::{ErrorKind, search::Condition};
    ///
    /// let raw = Condition::raw(r#"{"wildcard": {"fields.carrier": "U?"}}"#)?;
    /// assert_eq!(Condition::raw("[1]").unwrap_err().kind(), ErrorKind::InvalidArgument);
    /// # let _ = raw;
    /// # store_core::Result::<()>::Ok(())
    /// ```
    pub fn raw(query: &str) -> Result<Self> {
        let object = serde_json::from_str(query).map_err(|error| {
            // The cause would repeat what stands in the query.
            let message = format!(
                "a raw condition is a JSON object of the backend's query language; this is none, at line {} column {}",
                error.line(),
                error.column()
            );
            Error::new(ErrorKind::InvalidArgument, message)
        })?;
        Ok(Self::Raw(Raw(object)))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::And(mut all) => {
                all.push(other);
                Self::And(all)
            }
            first => Self::And(vec![first, other]),
        }
    }

    /// Either, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut any) => {
                any.push(other);
                Self::Or(any)
            }
            first => Self::Or(vec![first, other]),
        }
    }

    /// The conditions right inside this one.
    pub(super) fn inner(&self) -> &[Self] {
        match self {
            Self::And(inner) | Self::Or(inner) => inner,
            Self::Not(inner) => std::slice::from_ref(inner),
            _ => &[],
        }
    }
}

impl Default for Condition {
    /// Fulfilled by every entry.
    fn default() -> Self {
        Self::And(Vec::new())
    }
}

impl Not for Condition {
    type Output = Self;

    fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

impl Raw {
    /// The object.
    #[must_use]
    pub const fn object(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl std::fmt::Debug for Raw {
    /// Nothing of it: it holds values, which are data and stay out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Raw")
    }
}
