//! The two indices: made where they are missing, and checked.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use store_core::{Error, ErrorKind, Result};

use crate::{
    ElasticConfig,
    client::{Client, Request},
    error::incomplete,
};

/// The version of the layout, recorded with each index.
const LAYOUT: u64 = 1;

/// The names of the indices, which are aliases: only so can a write be kept from making an index.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// Of entries.
    pub(crate) data: String,
    /// Of the records of tasks, and chunks of logs.
    pub(crate) tasks: String,
}

impl Names {
    pub(crate) fn new(config: &ElasticConfig) -> Self {
        let index = config.index();
        Self { data: format!("{index}-data"), tasks: format!("{index}-tasks") }
    }
}

/// What the server tells of an index.
#[derive(Deserialize)]
pub(crate) struct Found {
    aliases: BTreeMap<String, Value>,
    pub(crate) mappings: Value,
    settings: Value,
}

/// Makes what is missing, or says how to; refuses indices that are not ours.
pub(crate) async fn prepare(client: &Client, names: &Names, config: &ElasticConfig) -> Result<()> {
    let mut missing = Vec::new();
    for (alias, body) in definitions(names, config) {
        match find(client, alias).await? {
            Some((index, found)) => check(alias, &index, &found, &body["mappings"])?,
            None => missing.push((alias, body)),
        }
    }
    if !missing.is_empty() && !config.create_index {
        let requests = missing.iter().map(|(alias, body)| format!("PUT /{}\n{body}", first(alias)));
        let message = format!(
            "indices are missing and create_index is false: let somebody who may send\n{}",
            requests.collect::<Vec<_>>().join("\n")
        );
        return Err(Error::new(ErrorKind::SchemaMismatch, message));
    }
    for (alias, body) in missing {
        make(client, alias, &body).await?;
    }
    Ok(())
}

/// The requests that make the indices.
fn definitions<'a>(names: &'a Names, config: &ElasticConfig) -> [(&'a str, Value); 2] {
    let kind = |kind: &str| json!({ "type": kind });
    let data = json!({
        "task": kind("keyword"),
        "map": kind("keyword"),
        "key": kind("keyword"),
        "value": kind("binary"),
        "stamp": kind("long"),
        "deleted": kind("boolean"),
        "fields": kind("object"),
    });
    let tasks = json!({
        "application": kind("keyword"),
        "partition": kind("long"),
        "record": kind("binary"),
        "change": kind("keyword"),
        "task": kind("keyword"),
        "epoch": kind("long"),
        "chunk": kind("binary"),
        "time": kind("long"),
        "stamp": kind("long"),
    });
    let body = |alias: &str, shards: u32, refresh: &str, fields: Value| {
        json!({
            "aliases": { alias: {} },
            "settings": {
                "number_of_shards": shards,
                "number_of_replicas": config.replicas,
                "refresh_interval": refresh,
                "translog.durability": "request",
            },
            "mappings": { "_meta": { "layout": LAYOUT }, "dynamic": "strict", "properties": fields },
        })
    };
    [
        (&names.data, body(&names.data, config.shards, "1s", data)),
        // It is searched after a refresh only.
        (&names.tasks, body(&names.tasks, 1, "-1", tasks)),
    ]
}

/// The index that an alias names first.
fn first(alias: &str) -> String {
    format!("{alias}-1")
}

pub(crate) async fn find(client: &Client, alias: &str) -> Result<Option<(String, Found)>> {
    let doing = format!("look for index {alias}");
    let request = Request::new(Method::Get, format!("/{alias}"));
    match client.ask(request, doing.as_str(), Ok::<BTreeMap<String, Found>, _>).await {
        Ok(found) if found.len() > 1 => {
            let message = format!("alias {alias} names several indices: let it name one");
            Err(Error::new(ErrorKind::Config, message))
        }
        Ok(found) => Ok(found.into_iter().next()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn make(client: &Client, alias: &str, body: &Value) -> Result<()> {
    let doing = format!("make index {}", first(alias));
    let request = Request::new(Method::Put, format!("/{}", first(alias))).json(body);
    let made = client.ask(request, doing.as_str(), Ok::<Value, _>).await;
    // Templates and the cluster have a say in what it is like, and somebody else may have made it at this moment.
    match (find(client, alias).await?, made) {
        (Some((index, found)), _) => check(alias, &index, &found, &body["mappings"]),
        (None, Ok(_)) => Err(incomplete(doing, "it is not there yet")),
        (None, Err(error)) if error.kind() == ErrorKind::PermissionDenied => {
            let message =
                format!("{error}: let somebody who may send\nPUT /{}\n{body}", first(alias));
            Err(Error::new(ErrorKind::PermissionDenied, message))
        }
        (None, Err(error)) => Err(error),
    }
}

/// `SchemaMismatch` for an index that would not keep what it is given, with what differs.
fn check(alias: &str, index: &str, found: &Found, mappings: &Value) -> Result<()> {
    let refuse = |message: String| Err(Error::new(ErrorKind::SchemaMismatch, message));
    if !found.aliases.contains_key(alias) {
        return refuse(format!(
            "{alias} is an index and must be an alias of one: use another namespace"
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
    if settings["replication"]["type"] == "SEGMENT" && settings["number_of_replicas"] != "0" {
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

/// Settings that change or hide what is written, each with the value that does not.
const HARMFUL: [(&str, Option<&str>); 4] = [
    ("/mapping/ignore_above", None),
    ("/mapping/source/mode", Some("stored")),
    ("/default_pipeline", Some("_none")),
    ("/final_pipeline", Some("_none")),
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
            // What is in it is the stores' matter.
            Some(found)
                if name == FIELDS && found.get("type").is_none_or(|sort| sort == "object") => {}
            Some(found) if found == wanted => {}
            Some(found) => differences.push(format!("{name} is {found} and must be {wanted}")),
            None => differences.push(format!("{name} is missing and must be {wanted}")),
        }
    }
    differences.extend(there.keys().map(|name| format!("{name} must not be there")));
    differences
}

/// The object that holds the indexed fields of values.
pub(crate) const FIELDS: &str = "fields";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};
    use store_core::{ErrorKind, Result};

    use super::{Found, Names, check, definitions};
    use crate::ElasticConfig;

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
    fn the_index_of_data_as_it_is_made() {
        let golden = r#"{"aliases":{"store-data":{}},"mappings":{"_meta":{"layout":1},"dynamic":"strict","properties":{"deleted":{"type":"boolean"},"fields":{"type":"object"},"key":{"type":"keyword"},"map":{"type":"keyword"},"stamp":{"type":"long"},"task":{"type":"keyword"},"value":{"type":"binary"}}},"settings":{"number_of_replicas":1,"number_of_shards":1,"refresh_interval":"1s","translog.durability":"request"}}"#;
        assert_eq!(data(), golden.parse::<Value>().unwrap());
    }

    #[test]
    fn a_mapping_that_differs_is_shown() {
        checked(|_| ()).unwrap();
        checked(|found| {
            found.mappings["properties"]["fields"] = json!({"properties": {"a": {"type": "long"}}});
        })
        .unwrap();
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
        let error = told(|found| found.mappings["_meta"]["layout"] = json!(2));
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        let error =
            told(|found| found.settings["index"]["translog"] = json!({"durability": "async"}));
        assert!(error.to_string().contains("index.translog.durability"), "{error}");
    }

    #[test]
    fn replicas_that_lag_behind_are_refused() {
        let checked = |sort: &str, replicas: &str| {
            checked(|found| {
                found.settings["index"] =
                    json!({"replication": {"type": sort}, "number_of_replicas": replicas});
            })
        };
        checked("DOCUMENT", "1").unwrap();
        checked("SEGMENT", "0").unwrap();
        let error = checked("SEGMENT", "1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SchemaMismatch);
        assert!(error.to_string().contains("index.replication.type"), "{error}");
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
