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

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use super::{Condition, Fields, Query};
    use crate::search::FieldValue;

    fn fields(text: &str) -> Fields {
        Fields::decode(text).unwrap()
    }

    fn matches(condition: &Condition, text: &str) -> bool {
        condition.matches(&fields(text)).unwrap()
    }

    #[test]
    fn terms_are_whole_and_of_their_type() {
        let holds = [
            (Condition::term("a", "UA"), r#"{"a":"UA"}"#),
            (Condition::term("a", -3), r#"{"a":-3}"#),
            (Condition::term("a", FieldValue::time(5)), r#"{"a":5}"#),
            (Condition::term("a", 3), r#"{"a":3.0}"#),
            (Condition::term("a", 2.5), r#"{"a":2.5}"#),
            (Condition::term("a", -0.0), r#"{"a":0.0}"#),
            (Condition::term("a", i64::MAX), r#"{"a":9223372036854775808.0}"#),
            (Condition::term("a", false), r#"{"a":false}"#),
        ];
        for (condition, text) in &holds {
            assert!(matches(condition, text), "{text}");
        }
        let fails = [
            (Condition::term("a", "U"), r#"{"a":"UA"}"#),
            (Condition::term("a", "ua"), r#"{"a":"UA"}"#),
            (Condition::term("a", 1), r#"{"a":"1"}"#),
            (Condition::term("a", i64::MAX), r#"{"a":9223372036854775806}"#),
            (Condition::term("a", true), r#"{"a":false}"#),
            (Condition::term("b", "UA"), r#"{"a":"UA"}"#),
        ];
        for (condition, text) in &fails {
            assert!(!matches(condition, text), "{text}");
        }
    }

    #[test]
    fn ranges_have_both_ends() {
        let at = |condition: &Condition| {
            [1, 2, 3, 4].map(|n| matches(condition, &format!(r#"{{"a":{n}}}"#)))
        };
        assert_eq!(at(&Condition::range("a", 2..3)), [false, true, false, false]);
        assert_eq!(at(&Condition::range("a", 2..=3)), [false, true, true, false]);
        assert_eq!(at(&Condition::range("a", ..3)), [true, true, false, false]);
        assert_eq!(at(&Condition::range("a", 3..)), [false, false, true, true]);
        let excluded = (Bound::Excluded(2), Bound::Unbounded);
        assert_eq!(at(&Condition::range("a", excluded)), [false, false, true, true]);
        let inverted = (Bound::Included(3), Bound::Included(2));
        assert_eq!(at(&Condition::range("a", inverted)), [false; 4]);
        let open = Condition::range::<i64>("a", ..);
        assert!(at(&open) == [true; 4] && !matches(&open, "{}"));
        assert!(matches(&Condition::range("a", "b".."c"), r#"{"a":"bz"}"#));
        assert!(matches(&Condition::range("a", 1.5..2.0), r#"{"a":1.5}"#));
        assert!(matches(&Condition::range("a", 1..2), r#"{"a":1.5}"#));
    }

    #[test]
    fn a_field_that_is_not_there_fulfils_only_negations() {
        let conditions = [
            Condition::term("a", 1),
            Condition::range("a", ..1),
            Condition::prefix("a", ""),
            Condition::exists("a"),
        ];
        for condition in conditions {
            assert!(!matches(&condition, "{}") && matches(&!condition, "{}"));
        }
        assert!(matches(&Condition::prefix("a", ""), r#"{"a":""}"#));
        assert!(matches(&Condition::prefix("a", "\u{e4}"), r#"{"a":"äb"}"#));
    }

    #[test]
    fn and_of_nothing_holds_and_or_of_nothing_does_not() {
        let (yes, no) = (Condition::And(Vec::new()), Condition::Or(Vec::new()));
        let holds = |condition: Condition| matches(&condition, "{}");
        assert!(holds(yes.clone()) && !holds(no.clone()) && holds(Condition::default()));
        assert!(!holds(yes.clone().and(no.clone())) && holds(no.clone().or(yes.clone())));
        assert!(!holds(!yes.clone()) && holds(!no.clone()) && holds((!no).and(yes)));
    }

    #[test]
    fn order_is_by_fields_then_by_key_and_who_has_none_is_last() {
        let rows = [
            (r#"{"n":2,"t":"b"}"#, "k0"),
            (r#"{"n":1,"t":"b"}"#, "k1"),
            (r#"{"n":2,"t":"a"}"#, "k2"),
            (r#"{"t":"a"}"#, "k3"),
            (r#"{"n":2,"t":"b"}"#, "k4"),
            ("{}", "k5"),
        ];
        let sorted = |query: &Query| {
            let mut rows = rows.map(|(text, key)| (fields(text), key));
            rows.sort_by(|left, right| {
                query.compare((&left.0, left.1.as_bytes()), (&right.0, right.1.as_bytes()))
            });
            rows.map(|(_, key)| &key[1..]).concat()
        };
        assert_eq!(sorted(&Query::all()), "012345");
        assert_eq!(sorted(&Query::all().ascending("n")), "102435");
        assert_eq!(sorted(&Query::all().descending("n")), "024135");
        assert_eq!(sorted(&Query::all().descending("n").ascending("t")), "204135");
        assert_eq!(sorted(&Query::all().ascending("t").descending("n")), "230415");
    }
}
