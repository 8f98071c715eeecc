//! Indexed fields: made known to the index, all stores' together.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use serde_json::{Value, json};
use store_core::{Error, ErrorKind, Result, backend::StoreSpec, search::FieldType};

use crate::{
    ElasticConfig,
    client::{Client, Request},
    index::{FIELDS, Names, find},
};

/// Makes the indexed fields of some stores known to the index, or says how to.
///
/// All stores of a namespace share the fields: `SchemaMismatch` for one that has another type there.
pub(crate) async fn index_fields(
    client: &Client,
    names: &Names,
    config: &ElasticConfig,
    stores: &[StoreSpec],
) -> Result<()> {
    let alias = &names.data;
    let mut failed = None;
    for attempt in 0.. {
        let (index, found) = find(client, alias).await?.ok_or_else(|| {
            let message = format!("index {alias} is not there: was it removed?");
            Error::new(ErrorKind::NotFound, message)
        })?;
        let mut there = BTreeMap::new();
        flatten("", &found.mappings["properties"][FIELDS], &mut there);
        let mut missing = serde_json::Map::new();
        for field in stores.iter().flat_map(|store| &store.fields) {
            let (path, kind) = (&field.path, json!({ "type": name(field.kind) }));
            match there.get(path) {
                None => {
                    missing.insert(path.clone(), kind.clone());
                    there.insert(path.clone(), kind);
                }
                Some(found) if *found == kind => {}
                Some(found) => {
                    let message = format!(
                        "field {path} is {found} in index {index}, by another store or by hand, and is to be {kind}: give it \
                         another path, or use another namespace"
                    );
                    return Err(Error::new(ErrorKind::SchemaMismatch, message));
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let body = json!({ "properties": { FIELDS: { "properties": missing } } });
        if !config.create_index || attempt > 0 {
            return Err(unknown(alias, &body, failed));
        }
        let doing = format!("index fields in {index}");
        let request = Request::new(Method::Put, format!("/{alias}/_mapping")).json(&body);
        let made = client.ask(request, doing.as_str(), Ok::<Value, _>).await;
        // Somebody else may have made one of another type at this moment.
        match made {
            Err(error) if error.kind() != ErrorKind::InvalidArgument => return Err(error),
            made => failed = made.err(),
        }
    }
    Ok(())
}

/// How to make fields known, and why that failed, if it was tried.
fn unknown(alias: &str, body: &Value, failed: Option<Error>) -> Error {
    let message = format!(
        "fields are not indexed yet: let somebody who may send\nPUT /{alias}/_mapping\n{body}"
    );
    let error = Error::new(ErrorKind::SchemaMismatch, message);
    match failed {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}

/// The type of a field in the index.
const fn name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Text => "keyword",
        // Dates do not take every time.
        FieldType::Integer | FieldType::Time => "long",
        FieldType::Float => "double",
        FieldType::Boolean => "boolean",
    }
}

/// The fields below an object as the index has them, by their whole paths.
fn flatten(path: &str, object: &Value, fields: &mut BTreeMap<String, Value>) {
    for (name, field) in object["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if field.get("properties").is_some() {
            fields.insert(path.clone(), json!({ "type": "object" }));
            flatten(&path, field, fields);
        } else {
            fields.insert(path, field.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, error::Error as _};

    use serde_json::json;
    use store_core::{Error, ErrorKind};

    use super::{flatten, unknown};

    #[test]
    fn why_fields_were_not_taken_is_told() {
        let body = json!({"properties": {}});
        let error = unknown("a-data", &body, None);
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(
            error.to_string().ends_with("PUT /a-data/_mapping\n{\"properties\":{}}"),
            "{error}"
        );
        assert!(error.source().is_none());
        let limit = Error::new(ErrorKind::InvalidArgument, "too many fields");
        let error = unknown("a-data", &body, Some(limit));
        assert_eq!(error.source().unwrap().to_string(), "too many fields");
    }

    #[test]
    fn fields_have_their_whole_paths() {
        let object = json!({"properties": {
            "code": {"type": "keyword", "ignore_above": 3},
            "delay": {"properties": {"mean": {"type": "double"}}},
        }});
        let mut fields = BTreeMap::new();
        flatten("", &object, &mut fields);
        let expected = BTreeMap::from([
            ("code".to_owned(), json!({"type": "keyword", "ignore_above": 3})),
            ("delay".to_owned(), json!({"type": "object"})),
            ("delay.mean".to_owned(), json!({"type": "double"})),
        ]);
        assert_eq!(fields, expected);
    }
}
