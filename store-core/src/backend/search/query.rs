//! A search: which entries, in which order, and how many.

use super::{Condition, FieldType, FieldValue, IndexedField, MAX_BOUND_BYTES};
use crate::{Error, ErrorKind, Result, backend::Order};

/// How deep conditions may be nested.
pub const MAX_NESTED: usize = 16;

/// How many conditions a query may have, those inside others included.
pub const MAX_CONDITIONS: usize = 512;

/// A search: which entries, in which order, and how many.
///
/// ```
/// use store_core::search::{Condition, Query};
///
/// let late = Query::new(Condition::range("flights", 100..)).descending("mean_delay").limit(10);
/// # let _ = late;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// What an entry must fulfil.
    pub condition: Condition,
    /// The order: by the first field, where that is equal by the next, and at last by key, ascending.
    pub sort: Vec<Sort>,
    /// How many entries at most, `None` for all.
    pub limit: Option<usize>,
}

/// An order by one field. Entries without the field come last, in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sort {
    /// The path of the field.
    pub field: String,
    /// Ascending or descending.
    pub order: Order,
}

impl Query {
    /// The entries that fulfil a condition, by key, ascending.
    #[must_use]
    pub const fn new(condition: Condition) -> Self {
        Self { condition, sort: Vec::new(), limit: None }
    }

    /// Every entry, by key, ascending.
    #[must_use]
    pub const fn all() -> Self {
        Self::new(Condition::And(Vec::new()))
    }

    /// Sorts by a field, ascending; the fields before it go first.
    #[must_use]
    pub fn ascending(self, field: impl Into<String>) -> Self {
        self.sorted(field, Order::Forward)
    }

    /// Sorts by a field, descending; the fields before it go first.
    #[must_use]
    pub fn descending(self, field: impl Into<String>) -> Self {
        self.sorted(field, Order::Backward)
    }

    /// Sorts by a field; the fields before it go first.
    #[must_use]
    pub fn sorted(mut self, field: impl Into<String>, order: Order) -> Self {
        self.sort.push(Sort { field: field.into(), order });
        self
    }

    /// At most so many entries.
    #[must_use]
    pub const fn limit(mut self, entries: usize) -> Self {
        self.limit = Some(entries);
        self
    }

    /// Checks it against the indexed fields of a store. `InvalidArgument` for a field that is not among them, and says which
    /// are; for a value that does not suit its field; for an order where the type has none; for more than
    /// [`MAX_CONDITIONS`], or deeper than [`MAX_NESTED`]; for a prefix, or an end of a range, of more than
    /// [`MAX_BOUND_BYTES`].
    pub fn check(&self, fields: &[IndexedField]) -> Result<()> {
        let kind = |path: &str| {
            let found = fields.iter().find(|field| field.path == path);
            found.map(|field| field.kind).ok_or_else(|| unknown(path, fields))
        };
        let mut level: Vec<_> = vec![&self.condition];
        let (mut depth, mut count) = (0, 0);
        while !level.is_empty() {
            (depth, count) = (depth + 1, count + level.len());
            if depth > MAX_NESTED || count > MAX_CONDITIONS {
                return Err(invalid(format!(
                    "a query has at most {MAX_CONDITIONS} conditions, nested at most {MAX_NESTED} deep: make it smaller"
                )));
            }
            for condition in &level {
                check_one(condition, kind)?;
            }
            level = level.into_iter().flat_map(Condition::inner).collect();
        }
        for Sort { field, .. } in &self.sort {
            ordered(field, kind(field)?)?;
        }
        Ok(())
    }
}

impl From<Condition> for Query {
    fn from(condition: Condition) -> Self {
        Self::new(condition)
    }
}

fn check_one(condition: &Condition, kind: impl Fn(&str) -> Result<FieldType>) -> Result<()> {
    match condition {
        Condition::Term { field, value } => suits(field, kind(field)?, value),
        Condition::Range { field, from, to } => {
            let kind = kind(field)?;
            ordered(field, kind)?;
            for end in [from, to] {
                if let std::ops::Bound::Included(value) | std::ops::Bound::Excluded(value) = end {
                    suits(field, kind, value)?;
                    if let FieldValue::Text(text) = value {
                        short(field, text)?;
                    }
                }
            }
            Ok(())
        }
        Condition::Prefix { field, prefix } => match kind(field)? {
            FieldType::Text => short(field, prefix),
            kind => Err(invalid(format!("field {field} is {kind}: only text has prefixes"))),
        },
        Condition::Exists { field } => kind(field).map(drop),
        Condition::And(_) | Condition::Or(_) | Condition::Not(_) | Condition::Raw(_) => Ok(()),
    }
}

fn suits(field: &str, kind: FieldType, value: &FieldValue) -> Result<()> {
    if let Some(flaw) = value.flaw() {
        return Err(invalid(format!("field {field} is compared with {flaw}")));
    }
    if value.suits(kind) {
        return Ok(());
    }
    let other = value.kind();
    Err(invalid(format!("field {field} is {kind} and is compared with a value that is {other}")))
}

fn short(field: &str, text: &str) -> Result<()> {
    let length = text.len();
    if length <= MAX_BOUND_BYTES {
        return Ok(());
    }
    Err(invalid(format!(
        "field {field} is compared with a beginning or an end of {length} bytes; the limit is {MAX_BOUND_BYTES}"
    )))
}

fn ordered(field: &str, kind: FieldType) -> Result<()> {
    if kind.is_ordered() {
        return Ok(());
    }
    Err(invalid(format!("field {field} is {kind}, which has no order: compare it by term")))
}

fn unknown(path: &str, fields: &[IndexedField]) -> Error {
    let there: Vec<_> = fields.iter().map(|field| field.path.as_str()).collect();
    let there = if there.is_empty() { "none is".to_owned() } else { there.join(", ") + " are" };
    invalid(format!("field {path:?} is not indexed; {there}"))
}

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::{MAX_CONDITIONS, MAX_NESTED, Query};
    use crate::{
        ErrorKind,
        search::{Condition, FieldType, FieldValue, IndexedField, MAX_BOUND_BYTES, MAX_TEXT_BYTES},
    };

    fn check(query: impl Into<Query>) -> Result<(), String> {
        let fields = [
            IndexedField::new("text", FieldType::Text),
            IndexedField::new("whole", FieldType::Integer),
            IndexedField::new("float", FieldType::Float),
            IndexedField::new("yes", FieldType::Boolean),
            IndexedField::new("at", FieldType::Time),
        ];
        query.into().check(&fields).map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            error.to_string()
        })
    }

    #[test]
    fn values_suit_their_fields() {
        for condition in [
            Condition::term("text", "a"),
            Condition::term("whole", 1),
            Condition::term("float", 1),
            Condition::term("float", 1.5),
            Condition::term("yes", true),
            Condition::term("at", 5),
            Condition::range("at", FieldValue::time(1)..),
            Condition::prefix("text", ""),
            Condition::term("text", "t".repeat(MAX_TEXT_BYTES)),
            Condition::prefix("text", "t".repeat(MAX_BOUND_BYTES)),
            Condition::range("text", "t".repeat(MAX_BOUND_BYTES)..),
            Condition::exists("yes"),
            Condition::raw("{}").unwrap(),
        ] {
            check(condition).unwrap();
        }
        for condition in [
            Condition::term("text", 1),
            Condition::term("whole", 1.0),
            Condition::term("whole", FieldValue::time(1)),
            Condition::term("float", f64::NAN),
            Condition::term("yes", 0),
            Condition::term("at", "2013-01-31"),
            Condition::range("float", ..f64::INFINITY),
            Condition::range("yes", false..),
            Condition::range("whole", "a"..),
            Condition::prefix("whole", "1"),
            Condition::term("text", "t".repeat(MAX_TEXT_BYTES + 1)),
            Condition::prefix("text", "t".repeat(MAX_BOUND_BYTES + 1)),
            Condition::range("text", .."t".repeat(MAX_BOUND_BYTES + 1)),
        ] {
            let told = check(!Condition::exists("text").and(condition.clone())).unwrap_err();
            assert!(told.starts_with("field "), "{condition:?}: {told}");
        }
        check(Query::all().ascending("at").descending("text")).unwrap();
        check(Query::all().ascending("yes")).unwrap_err();
    }

    #[test]
    fn a_field_that_is_not_indexed_is_told_with_those_that_are() {
        for query in [
            Query::new(Condition::exists("other").or(Condition::exists("text"))),
            Query::all().ascending("other"),
        ] {
            let told = check(query).unwrap_err();
            let there = "\"other\" is not indexed; text, whole, float, yes, at are";
            assert!(told.contains(there), "{told}");
        }
        let told = Query::all().ascending("other").check(&[]).unwrap_err().to_string();
        assert!(told.contains("none is"), "{told}");
    }

    #[test]
    fn queries_are_bounded() {
        let nested =
            |deep: usize| (1..deep).fold(Condition::exists("text"), |condition, _| !condition);
        check(nested(MAX_NESTED)).unwrap();
        check(nested(MAX_NESTED + 1)).unwrap_err();
        let wide =
            |conditions: usize| Condition::Or(vec![Condition::exists("text"); conditions - 1]);
        check(wide(MAX_CONDITIONS)).unwrap();
        check(wide(MAX_CONDITIONS + 1)).unwrap_err();
    }

    #[test]
    fn nothing_of_a_value_is_shown() {
        let query = Query::new(
            Condition::term("text", "secret").or(Condition::raw(r#"{"a": "secret"}"#).unwrap()),
        );
        assert!(!format!("{query:?}").contains("secret"));
        let told = Condition::raw(r#"{"a": secret"#).unwrap_err();
        assert!(!format!("{told:?}").contains("secret"), "{told:?}");
    }
}
