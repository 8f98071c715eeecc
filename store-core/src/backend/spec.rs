//! What a store is, as recorded with it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{IndexedField, Name};
use crate::{Error, ErrorKind, Result};

/// What a store is: recorded in the checkpoint at its first commit and checked at each opening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreSpec {
    /// Its name, unique within the task.
    pub name: Name,
    /// Its kind: `key_value`, `window`, …, or one of somebody's own such as `acme.graph/1`.
    pub kind: String,
    /// How keys are encoded, for example `string` or `(string,u64)`.
    pub key_codec: String,
    /// How values are encoded, for example `json`.
    pub value_codec: String,
    /// The version of the kind's layout of keys and values.
    pub layout: u32,
    /// For stores cut by time: how far behind stream time entries live, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_ms: Option<i64>,
    /// For stores cut by time: the length of one segment, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment_ms: Option<i64>,
    /// What else the kind must find unchanged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Fields of the value that a backend with search indexes; others ignore them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<IndexedField>,
}

impl StoreSpec {
    /// A store that is not cut by time, in layout version 1.
    #[must_use]
    pub fn new(
        name: Name,
        kind: impl Into<String>,
        key_codec: impl Into<String>,
        value_codec: impl Into<String>,
    ) -> Self {
        Self {
            name,
            kind: kind.into(),
            key_codec: key_codec.into(),
            value_codec: value_codec.into(),
            layout: 1,
            retention_ms: None,
            segment_ms: None,
            properties: BTreeMap::new(),
            fields: Vec::new(),
        }
    }

    /// Checks that a store recorded as `self` may be opened as `wanted`.
    ///
    /// `SchemaMismatch` names the first difference with both sides. Other fields may be indexed,
    /// but a field keeps its type.
    pub fn check(&self, wanted: &Self) -> Result<()> {
        let time = |time: Option<i64>| time.map_or("none".to_owned(), |ms| format!("{ms} ms"));
        let properties = |spec: &Self| format!("{:?}", spec.properties);
        let retyped = |field: &&IndexedField| {
            wanted.fields.iter().any(|other| other.path == field.path && other.kind != field.kind)
        };
        let retyped = self.fields.iter().find(retyped).map(|field| field.path.as_str());
        let field = |spec: &Self| {
            let found = spec.fields.iter().find(|field| Some(field.path.as_str()) == retyped);
            found.map_or_else(String::new, |field| format!("{} of type {}", field.path, field.kind))
        };
        let differences = [
            ("kind", self.kind.clone(), wanted.kind.clone()),
            ("key codec", self.key_codec.clone(), wanted.key_codec.clone()),
            ("value codec", self.value_codec.clone(), wanted.value_codec.clone()),
            ("layout version", self.layout.to_string(), wanted.layout.to_string()),
            ("retention", time(self.retention_ms), time(wanted.retention_ms)),
            ("segment interval", time(self.segment_ms), time(wanted.segment_ms)),
            ("properties", properties(self), properties(wanted)),
            ("indexed field", field(self), field(wanted)),
        ];
        for (what, stored, wanted_side) in differences {
            if stored != wanted_side {
                return Err(Error::new(
                    ErrorKind::SchemaMismatch,
                    format!(
                        "store {} was made with {what} {stored} and is opened with {wanted_side}: open it as it \
                         was made, or give the new one another name",
                        self.name
                    ),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{IndexedField, StoreSpec};
    use crate::{ErrorKind, search::FieldType};

    #[test]
    fn a_mismatch_names_both_sides() {
        let spec = |codec: &str| StoreSpec::new("s".parse().unwrap(), "key_value", "string", codec);
        spec("json").check(&spec("json")).unwrap();
        let error = spec("json").check(&spec("cbor")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("json") && error.to_string().contains("cbor"));
    }

    #[test]
    fn a_field_keeps_its_type_and_others_come_and_go() {
        let spec = |fields: &[(&str, FieldType)]| {
            let mut spec = StoreSpec::new("s".parse().unwrap(), "key_value", "string", "json");
            spec.fields =
                fields.iter().map(|(path, kind)| IndexedField::new(*path, *kind)).collect();
            spec
        };
        let recorded = spec(&[("a", FieldType::Text), ("b", FieldType::Float)]);
        recorded.check(&spec(&[])).unwrap();
        recorded.check(&spec(&[("c", FieldType::Time), ("b", FieldType::Float)])).unwrap();
        let error = recorded.check(&spec(&[("b", FieldType::Integer)])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        let text = error.to_string();
        assert!(text.contains("b of type float") && text.contains("b of type integer"), "{text}");
    }
}
