//! What queries mean, said in Rust: what every backend's answers are held against.

use std::{cmp::Ordering, ops::Bound};

use super::{Condition, FieldValue, Fields, Query};
use crate::{Error, ErrorKind, Result, backend::Order};

impl Condition {
    /// Whether the indexed fields of an entry fulfil it. `Unsupported` where a part is in a backend's own language.
    ///
    /// ```
    /// use store_core::search::{Condition, Fields};
    ///
    /// let fields = Fields::decode(r#"{"carrier":"UA","delay_min":15}"#)?;
    /// assert!(Condition::range("delay_min", 15..20).matches(&fields)?);
    /// assert!(Condition::range("delay_min", 15.5..).not().matches(&fields)?);
    /// # use std::ops::Not;
    /// # store_core::Result::<()>::Ok(())
    /// ```
    pub fn matches(&self, fields: &Fields) -> Result<bool> {
        Ok(match self {
            Self::Term { field, value } => {
                fields.get(field).and_then(|stored| compare(stored, value)) == Some(Ordering::Equal)
            }
            Self::Range { field, from, to } => {
                fields.get(field).is_some_and(|stored| lies_in(stored, from, to))
            }
            Self::Prefix { field, prefix } => {
                matches!(fields.get(field), Some(FieldValue::Text(text)) if text.starts_with(prefix))
            }
            Self::Exists { field } => fields.get(field).is_some(),
            // All are looked at, so that a part that cannot be evaluated is found whatever the data are.
            Self::And(all) => {
                all.iter().try_fold(true, |yes, one| Ok::<_, Error>(one.matches(fields)? && yes))?
            }
            Self::Or(any) => any
                .iter()
                .try_fold(false, |yes, one| Ok::<_, Error>(one.matches(fields)? || yes))?,
            Self::Not(inner) => !inner.matches(fields)?,
            Self::Raw(_) => {
                let message =
                    "a raw condition is in the language of another backend: say it by the others";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
        })
    }
}

impl Query {
    /// The order of two entries, by their fields and encoded keys.
    #[must_use]
    pub fn compare(&self, left: (&Fields, &[u8]), right: (&Fields, &[u8])) -> Ordering {
        let by_field = self.sort.iter().map(|sort| {
            match (left.0.get(&sort.field), right.0.get(&sort.field)) {
                (Some(left), Some(right)) => {
                    // Values of one field are of one type, so that they compare.
                    let ascending = compare(left, right).unwrap_or(Ordering::Equal);
                    match sort.order {
                        Order::Forward => ascending,
                        Order::Backward => ascending.reverse(),
                    }
                }
                // Who does not have the field comes last.
                (left, right) => right.is_some().cmp(&left.is_some()),
            }
        });
        by_field.fold(Ordering::Equal, Ordering::then).then_with(|| left.1.cmp(right.1))
    }
}

/// How a stored value compares with one of a query; not at all where their types do not suit each other.
fn compare(stored: &FieldValue, asked: &FieldValue) -> Option<Ordering> {
    use FieldValue::{Boolean, Float, Integer, Text, Time};
    match (stored, asked) {
        (Text(stored), Text(asked)) => Some(stored.as_bytes().cmp(asked.as_bytes())),
        (Integer(stored) | Time(stored), Integer(asked) | Time(asked)) => Some(stored.cmp(asked)),
        (Float(stored), Float(asked)) => stored.partial_cmp(asked),
        (Float(stored), Integer(asked)) => stored.partial_cmp(&rounded(*asked)),
        (Boolean(stored), Boolean(asked)) => Some(stored.cmp(asked)),
        _ => None,
    }
}

/// A whole number as a field of floats has it.
#[expect(clippy::cast_precision_loss, reason = "such a field rounds what is put into it, too")]
const fn rounded(number: i64) -> f64 {
    number as f64
}

fn lies_in(stored: &FieldValue, from: &Bound<FieldValue>, to: &Bound<FieldValue>) -> bool {
    let above = match from {
        Bound::Unbounded => true,
        Bound::Included(from) => compare(stored, from).is_some_and(Ordering::is_ge),
        Bound::Excluded(from) => compare(stored, from).is_some_and(Ordering::is_gt),
    };
    let below = match to {
        Bound::Unbounded => true,
        Bound::Included(to) => compare(stored, to).is_some_and(Ordering::is_le),
        Bound::Excluded(to) => compare(stored, to).is_some_and(Ordering::is_lt),
    };
    above && below
}
