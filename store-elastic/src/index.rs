//! The two indices, made where they are missing.

use std::collections::BTreeMap;

use elasticsearch::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use store_core::{Error, ErrorKind, Result};

use crate::{
    ElasticConfig,
    client::{Client, Request},
    drift::check,
    error::incomplete,
};

/// The version of the layout, recorded with each index.
pub(crate) const LAYOUT: u64 = 1;

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
    pub(crate) aliases: BTreeMap<String, Value>,
    pub(crate) mappings: Value,
    pub(crate) settings: Value,
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
    if let [(alias, _)] = missing[..]
        && is_lost(client, names, alias).await?
    {
        let other = if alias == names.data { &names.tasks } else { &names.data };
        let message = format!(
            "index {alias} is missing and {other} is there: it was removed, or not restored: restore both from one snapshot, or \
             remove both, with all state in them"
        );
        return Err(Error::new(ErrorKind::SchemaMismatch, message));
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

/// Whether what one of the two indices held is gone, as the other one shows. Data are made first, so there may be an empty index
/// of them alone; and somebody else may be making both at this moment.
async fn is_lost(client: &Client, names: &Names, missing: &str) -> Result<bool> {
    if missing == names.tasks {
        let doing = format!("count entries of {}", names.data);
        client.refresh(&names.data, doing.as_str()).await?;
        if client.count(&names.data, None, &json!({ "match_all": {} }), doing.as_str()).await? == 0
        {
            return Ok(false);
        }
    }
    Ok(find(client, missing).await?.is_none())
}

/// The requests that make the indices.
pub(crate) fn definitions<'a>(names: &'a Names, config: &ElasticConfig) -> [(&'a str, Value); 2] {
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

/// The object that holds the indexed fields of values.
pub(crate) const FIELDS: &str = "fields";

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Names, definitions};
    use crate::ElasticConfig;

    #[test]
    fn the_index_of_data_as_it_is_made() {
        let golden = r#"{"aliases":{"store-data":{}},"mappings":{"_meta":{"layout":1},"dynamic":"strict","properties":{"deleted":{"type":"boolean"},"fields":{"type":"object"},"key":{"type":"keyword"},"map":{"type":"keyword"},"stamp":{"type":"long"},"task":{"type":"keyword"},"value":{"type":"binary"}}},"settings":{"number_of_replicas":1,"number_of_shards":1,"refresh_interval":"1s","translog.durability":"request"}}"#;
        let config = ElasticConfig::default();
        let data = &definitions(&Names::new(&config), &config)[0].1;
        assert_eq!(*data, golden.parse::<Value>().unwrap());
    }
}
