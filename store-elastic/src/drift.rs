//! Whether an index is as it must be.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store_core::{Error, ErrorKind, Result};

use crate::index::{FIELDS, Found, LAYOUT};

/// `SchemaMismatch` for an index that would not keep what it is given, with what differs.
pub(crate) fn check(alias: &str, index: &str, found: &Found, mappings: &Value) -> Result<()> {
    let refuse = |message: String| Err(Error::new(ErrorKind::SchemaMismatch, message));
    let Some(found_as) = found.aliases.get(alias) else {
        return refuse(format!(
            "{alias} is an index and must be an alias of one: use another namespace"
        ));
    };
    if let Some(part) = PARTIAL.into_iter().find(|part| found_as.get(part).is_some()) {
        return refuse(format!(
            "alias {alias} hides a part of index {index} by its {part}: remove that"
        ));
    }
    let layout = &found.mappings["_meta"]["layout"];
    if layout.as_u64().is_some_and(|layout| layout != LAYOUT) {
        let message = format!(
            "index {index} has layout version {layout} and this program knows version {LAYOUT}: use the release that \
             made it, or a newer one"
        );
        return Err(Error::new(ErrorKind::SchemaMismatch, message));
    }
    let differences = differences(&found.mappings, mappings);
    if !differences.is_empty() {
        let differences = differences.join("; ");
        return refuse(format!(
            "index {index} is not as it must be: {differences}: mend it, or use another namespace"
        ));
    }
    let settings = &found.settings["index"];
    if settings["translog"]["durability"] == "async" {
        return refuse(format!(
            "index {index} may lose what it acknowledged: set index.translog.durability to request"
        ));
    }
    // Copies of segments lag behind, refreshed or not, and a search may ask them.
    let has = |copies: &str| settings.get(copies).is_some_and(|count| count != "0");
    let lag = settings["replication"]["type"] == "SEGMENT" && has("number_of_replicas");
    if lag || has("number_of_search_replicas") {
        return refuse(format!(
            "index {index} has replicas that may show what is old: it needs index.replication.type DOCUMENT, which is set when \
             it is made, or no replicas"
        ));
    }
    let harmful = HARMFUL.into_iter().find(|(path, harmless)| {
        settings.pointer(path).is_some_and(|value| value.as_str() != *harmless)
    });
    if let Some((path, _)) = harmful {
        return refuse(format!(
            "index {index} may not keep or find what it is given, by its setting index{}: remove it",
            path.replace('/', ".")
        ));
    }
    Ok(())
}

/// What an alias may have that hides documents from those who search by it.
const PARTIAL: [&str; 3] = ["filter", "index_routing", "search_routing"];

/// Settings that change or hide what is written, each with the value that does not.
const HARMFUL: [(&str, Option<&str>); 5] = [
    ("/mapping/ignore_above", None),
    ("/mapping/source/mode", Some("stored")),
    ("/default_pipeline", Some("_none")),
    ("/final_pipeline", Some("_none")),
    ("/search/default_pipeline", Some("_none")),
];

/// Where a mapping is not as it must be.
fn differences(found: &Value, wanted: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    if found["dynamic"] != wanted["dynamic"] {
        differences
            .push(format!("dynamic is {} and must be {}", found["dynamic"], wanted["dynamic"]));
    }
    // What is kept of a document, and fields that hide those of their names.
    for name in ["_source", "runtime"] {
        if found.get(name).is_some_and(|there| *there != json!({})) {
            differences.push(format!("{name} must not be there"));
        }
    }
    let fields = |mapping: &Value| -> BTreeMap<String, Value> {
        let fields = mapping["properties"].as_object().cloned().unwrap_or_default();
        fields.into_iter().collect()
    };
    let (mut there, fields) = (fields(found), fields(wanted));
    for (name, wanted) in fields {
        match there.remove(&name) {
            Some(found) if name == FIELDS && holds_fields(&found) => {}
            Some(found) if found == wanted => {}
            Some(found) => differences.push(format!("{name} is {found} and must be {wanted}")),
            None => differences.push(format!("{name} is missing and must be {wanted}")),
        }
    }
    differences.extend(there.keys().map(|name| format!("{name} must not be there")));
    differences
}

/// Whether it is an object and nothing else. What is in it is the stores' matter, but must be found there.
fn holds_fields(found: &Value) -> bool {
    let harmless = |(name, value): (&String, &Value)| match name.as_str() {
        "type" => value == "object",
        name => name == "properties",
    };
    found.as_object().is_some_and(|found| found.iter().all(harmless))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use store_core::{ErrorKind, Result};

    use super::check;
    use crate::{
        ElasticConfig,
        index::{Found, Names, definitions},
    };

    fn data() -> Value {
        let config = ElasticConfig::default();
        definitions(&Names::new(&config), &config)[0].1.clone()
    }

    fn checked(change: impl FnOnce(&mut Found)) -> Result<()> {
        let body = data();
        let mut found = Found {
            aliases: BTreeMap::from([("store-data".to_owned(), json!({}))]),
            mappings: body["mappings"].clone(),
            settings: json!({"index": {"number_of_shards": "1"}}),
        };
        change(&mut found);
        check("store-data", "store-data-1", &found, &body["mappings"])
    }

    #[test]
    fn a_mapping_that_differs_is_shown() {
        checked(|_| ()).unwrap();
        checked(|found| {
            found.mappings["properties"]["fields"] = json!({"properties": {"a": {"type": "long"}}});
        })
        .unwrap();
        let hidden = json!({"type": "object", "enabled": false});
        checked(|found| found.mappings["properties"]["fields"] = hidden).unwrap_err();
        let told = |change: fn(&mut Found)| checked(change).unwrap_err();
        let error = told(|found| found.mappings["dynamic"] = Value::Null);
        assert!(error.to_string().contains("dynamic is null and must be \"strict\""), "{error}");
        let error = told(|found| {
            found.mappings["properties"]["key"] = json!({"type": "keyword", "ignore_above": 256});
        });
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("\"ignore_above\":256"), "{error}");
        let error = told(|found| found.mappings["properties"]["theirs"] = json!({}));
        assert!(error.to_string().contains("theirs must not be there"), "{error}");
        let error = told(|found| found.aliases.clear());
        assert!(error.to_string().contains("must be an alias"), "{error}");
        let part = json!({"filter": {"term": {"map": "0.1"}}});
        let error = checked(|found| found.aliases = [("store-data".to_owned(), part)].into());
        assert!(error.unwrap_err().to_string().contains("by its filter"));
        let error = told(|found| found.mappings["_meta"]["layout"] = json!(2));
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        let error =
            told(|found| found.settings["index"]["translog"] = json!({"durability": "async"}));
        assert!(error.to_string().contains("index.translog.durability"), "{error}");
    }

    #[test]
    fn replicas_that_lag_behind_are_refused() {
        let checked_with = |index: Value| checked(|found| found.settings["index"] = index);
        let checked = |sort: &str, replicas: &str| {
            checked_with(json!({"replication": {"type": sort}, "number_of_replicas": replicas}))
        };
        checked("DOCUMENT", "1").unwrap();
        checked("SEGMENT", "0").unwrap();
        let error = checked("SEGMENT", "1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("index.replication.type"), "{error}");
        let searched = json!({"number_of_replicas": "0", "number_of_search_replicas": "1"});
        checked_with(searched).unwrap_err();
    }

    #[test]
    fn what_loses_or_hides_a_part_of_documents_is_refused() {
        for (name, value) in [
            ("_source", json!({"excludes": ["value"]})),
            ("_source", json!({"enabled": false})),
            ("runtime", json!({"key": {"type": "keyword"}})),
        ] {
            let error = checked(|found| found.mappings[name] = value).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
            assert!(error.to_string().contains(&format!("{name} must not be there")), "{error}");
        }
        for (setting, name) in [
            (json!({"mapping": {"ignore_above": "10"}}), "index.mapping.ignore_above"),
            (json!({"mapping": {"source": {"mode": "synthetic"}}}), "index.mapping.source.mode"),
            (json!({"default_pipeline": "theirs"}), "index.default_pipeline"),
            (json!({"final_pipeline": "theirs"}), "index.final_pipeline"),
        ] {
            let error = checked(|found| found.settings["index"] = setting).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
            assert!(error.to_string().contains(name), "{error}");
        }
        checked(|found| {
            found.settings["index"] =
                json!({"default_pipeline": "_none", "mapping": {"source": {"mode": "stored"}}});
        })
        .unwrap();
    }
}
