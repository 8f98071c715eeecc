//! The indexed fields of one value.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{FieldType, FieldValue, IndexedField, MAX_TEXT_BYTES};
use crate::{Error, ErrorKind, Result};

/// The indexed fields of one value, by path; those that are not there are left out.
///
/// ```
/// use store_core::search::{FieldType, Fields, IndexedField};
///
/// let indexed = [IndexedField::new("carrier.code", FieldType::Text)];
/// let value = serde_json::json!({"carrier": {"code": "UA", "name": "United"}, "flights": 3});
/// let fields = Fields::project(&value, &indexed)?;
/// assert_eq!(&*fields.encode(), r#"{"carrier.code":"UA"}"#);
/// # store_core::Result::<()>::Ok(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(BTreeMap<String, FieldValue>);

impl Fields {
    /// Takes the indexed fields out of a value. `InvalidArgument` names a field that is there and of another type than it is
    /// declared to be; `TooLarge` one that is too long.
    pub fn project(value: &Value, indexed: &[IndexedField]) -> Result<Self> {
        let mut fields = BTreeMap::new();
        for IndexedField { path, kind } in indexed {
            let found = path.split('.').try_fold(value, |value, name| value.get(name));
            let Some(found) = found.filter(|found| !found.is_null()) else { continue };
            let typed = typed(found, *kind).ok_or_else(|| {
                let what = what(found);
                let message = format!("field {path} is indexed as {kind} and is {what}");
                Error::new(ErrorKind::InvalidArgument, message)
            })?;
            if let FieldValue::Text(text) = &typed
                && text.len() > MAX_TEXT_BYTES
            {
                let length = text.len();
                let message = format!(
                    "field {path} is indexed and has {length} bytes; the limit is {MAX_TEXT_BYTES}"
                );
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            fields.insert(path.clone(), typed);
        }
        Ok(Self(fields))
    }

    /// The form that a [`Put`](crate::backend::Put) carries: a JSON object of one line, by path.
    #[must_use]
    pub fn encode(&self) -> Box<str> {
        // Invariant: the keys are text, and a value is text, a number or a bool.
        serde_json::to_string(&self.0).expect("fields are valid JSON").into()
    }

    /// Reads the form that a put carries. `Corrupt` for anything that [`encode`](Self::encode) does not give.
    pub fn decode(text: &str) -> Result<Self> {
        let corrupt =
            || Error::new(ErrorKind::Corrupt, "the indexed fields of a value are damaged");
        let fields: BTreeMap<String, Value> =
            serde_json::from_str(text).map_err(|error| corrupt().with_source(error))?;
        let stored = |(path, value): (String, Value)| {
            let value = match value {
                Value::String(text) => FieldValue::Text(text),
                Value::Bool(yes) => FieldValue::Boolean(yes),
                Value::Number(number) => match number.as_i64() {
                    Some(whole) => FieldValue::Integer(whole),
                    None => FieldValue::Float(number.as_f64().filter(|_| number.is_f64())?),
                },
                _ => return None,
            };
            Some((path, value))
        };
        let fields = fields.into_iter().map(stored).collect::<Option<_>>();
        fields.map(Self).ok_or_else(corrupt)
    }

    /// The value of a field, where it is there. A time is an integer.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&FieldValue> {
        self.0.get(path)
    }

    /// These fields only.
    #[must_use]
    pub fn only<'a>(mut self, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let kept = paths.into_iter().filter_map(|path| self.0.remove_entry(path));
        Self(kept.collect())
    }
}

/// A value as one of this type; none where it is not.
fn typed(value: &Value, kind: FieldType) -> Option<FieldValue> {
    match (kind, value) {
        (FieldType::Text, Value::String(text)) => Some(FieldValue::Text(text.clone())),
        (FieldType::Integer | FieldType::Time, Value::Number(number)) => {
            number.as_i64().map(FieldValue::Integer)
        }
        (FieldType::Float, Value::Number(number)) => number.as_f64().map(FieldValue::Float),
        (FieldType::Boolean, Value::Bool(yes)) => Some(FieldValue::Boolean(*yes)),
        _ => None,
    }
}

const fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "a number that does not fit",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Feeds a text to the decoder; what is taken must come back the same.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(fields) = Fields::decode(text) {
        let encoded = fields.encode();
        let again = Fields::decode(&encoded);
        assert_eq!(again.ok().map(|fields| fields.encode()), Some(encoded));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Fields;
    use crate::{
        ErrorKind,
        search::{FieldType, IndexedField, MAX_TEXT_BYTES},
    };

    const KINDS: [(&str, FieldType); 5] = [
        ("text", FieldType::Text),
        ("integer", FieldType::Integer),
        ("float", FieldType::Float),
        ("boolean", FieldType::Boolean),
        ("time", FieldType::Time),
    ];

    fn project(value: &serde_json::Value) -> crate::Result<String> {
        let fields = KINDS.map(|(path, kind)| IndexedField::new(path, kind));
        Fields::project(value, &fields).map(|fields| fields.encode().into())
    }

    #[test]
    fn golden_text() {
        let value = json!({
            "text": "ä\"", "integer": -3, "float": -0.0, "boolean": true, "time": i64::MAX, "other": 1
        });
        let golden =
            r#"{"boolean":true,"float":0.0,"integer":-3,"text":"ä\"","time":9223372036854775807}"#;
        assert_eq!(project(&value).unwrap(), golden);
        assert_eq!(&*Fields::decode(golden).unwrap().encode(), golden);
    }

    #[test]
    fn what_is_missing_or_null_is_left_out() {
        for value in [json!({}), json!(5), json!([{"text": "a"}]), json!({"text": null})] {
            assert_eq!(project(&value).unwrap(), "{}");
        }
        let inner = [IndexedField::new("a.b.c", FieldType::Integer)];
        let fields = |value| Fields::project(&value, &inner).unwrap().encode();
        assert_eq!(&*fields(json!({"a": {"b": {"c": 1, "d": 2}}})), r#"{"a.b.c":1}"#);
        for value in [json!({"a": {"b": 7}}), json!({"a": [{"b": {"c": 1}}]}), json!({"a.b.c": 1})]
        {
            assert_eq!(&*fields(value), "{}");
        }
    }

    #[test]
    fn another_type_is_refused_and_named() {
        let wrong = [
            ("text", json!(1)),
            ("text", json!(["a"])),
            ("text", json!({"a": 1})),
            ("integer", json!(1.0)),
            ("integer", json!(u64::MAX)),
            ("integer", json!("1")),
            ("float", json!(true)),
            ("boolean", json!(0)),
            ("time", json!("2013-01-31T00:00:00Z")),
        ];
        for (path, value) in wrong {
            let error = project(&json!({path: value})).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{path}");
            assert!(error.to_string().contains(&format!("field {path} ")), "{error}");
        }
        assert_eq!(project(&json!({"float": 7})).unwrap(), r#"{"float":7.0}"#);
    }

    #[test]
    fn text_at_the_limit_and_above() {
        project(&json!({"text": "t".repeat(MAX_TEXT_BYTES)})).unwrap();
        let error = project(&json!({"text": "t".repeat(MAX_TEXT_BYTES + 1)})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn damaged_fields_are_corrupt() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "[]", "1", r#"{"a":null}"#, r#"{"a":[1]}"#, r#"{"a":{}}"#, &deep] {
            assert_eq!(Fields::decode(text).unwrap_err().kind(), ErrorKind::Corrupt);
        }
        let above = format!(r#"{{"a":{}}}"#, u64::MAX);
        assert_eq!(Fields::decode(&above).unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
