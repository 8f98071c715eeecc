//! Requests: one JSON object with the member `op`.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};
use store::{Error, Result};

use super::{Data, invalid, key_value::Operation};

/// Every operation there is.
pub const OPERATIONS: &[&str] = &[
    "open",
    "put",
    "get",
    "delete",
    "put_if_absent",
    "put_all",
    "range",
    "prefix",
    "count",
    "commit",
    "rollback",
    "checkpoint",
    "close",
];

/// A request of the protocol.
#[derive(Debug)]
pub(super) enum Request {
    Open { stores: Vec<StoreRequest>, adopt: bool },
    Close {},
    Commit { offsets: Option<BTreeMap<String, Option<i64>>> },
    Rollback {},
    Checkpoint {},
    KeyValue(String, Operation),
}

/// A store to be opened.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreRequest {
    pub(super) name: String,
    pub(super) kind: String,
    #[serde(default = "raw")]
    pub(super) codec: String,
    #[serde(default)]
    pub(super) adopt: bool,
    // Members of kinds that are cut by time.
    pub(super) size_ms: Option<i64>,
    pub(super) retention_ms: Option<i64>,
    pub(super) segment_ms: Option<i64>,
    pub(super) history_ms: Option<i64>,
    pub(super) retain_duplicates: Option<bool>,
}

fn raw() -> String {
    "raw".to_owned()
}

/// A member that must be there and may be null.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Data>, D::Error> {
    Option::deserialize(deserializer)
}

macro_rules! members {
    ($($name:ident { $($(#[$attribute:meta])* $member:ident: $type:ty,)* })*) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct $name { $($(#[$attribute])* $member: $type,)* }
    )*};
}

members! {
    Nothing {}
    OpenMembers { stores: Vec<StoreRequest>, #[serde(default)] adopt: bool, }
    CommitMembers { #[serde(default)] offsets: Option<BTreeMap<String, Option<i64>>>, }
    Store { store: String, }
    Key { store: String, key: Data, }
    Put { store: String, key: Data, #[serde(deserialize_with = "nullable")] value: Option<Data>, }
    PutAll { store: String, entries: Vec<(Data, Option<Data>)>, }
    Range {
        store: String,
        #[serde(default)] from: Option<Data>,
        #[serde(default)] to: Option<Data>,
        #[serde(default)] reverse: bool,
        #[serde(default)] limit: Option<usize>,
    }
    Prefix {
        store: String,
        prefix: Data,
        #[serde(default)] reverse: bool,
        #[serde(default)] limit: Option<usize>,
    }
}

impl Request {
    /// Reads a line; `InvalidArgument` says which member is wrong and never shows a value.
    pub(super) fn parse(line: &[u8]) -> Result<Self> {
        let not_json = |error: serde_json::Error| {
            let (kind, column) = (error.classify(), error.column());
            invalid(format!("a line is one JSON object: {kind:?} error at column {column}"))
        };
        let Value::Object(mut members) = serde_json::from_slice(line).map_err(not_json)? else {
            return Err(invalid("a line is one JSON object"));
        };
        let Some(Value::String(op)) = members.remove("op") else {
            return Err(invalid("the member \"op\" is missing or no string"));
        };
        let op = op.as_str();
        Ok(match op {
            "open" => {
                let OpenMembers { stores, adopt } = read(op, members)?;
                Self::Open { stores, adopt }
            }
            "commit" => Self::Commit { offsets: read::<CommitMembers>(op, members)?.offsets },
            "close" => read(op, members).map(|Nothing {}| Self::Close {})?,
            "rollback" => read(op, members).map(|Nothing {}| Self::Rollback {})?,
            "checkpoint" => read(op, members).map(|Nothing {}| Self::Checkpoint {})?,
            _ => {
                let (store, operation) = key_value(op, members)?;
                Self::KeyValue(store, operation)
            }
        })
    }
}

fn key_value(op: &str, members: Map<String, Value>) -> Result<(String, Operation)> {
    Ok(match op {
        "get" => {
            let Key { store, key } = read(op, members)?;
            (store, Operation::Get(key.0))
        }
        "delete" => {
            let Key { store, key } = read(op, members)?;
            (store, Operation::Delete(key.0))
        }
        "put" => {
            let Put { store, key, value } = read(op, members)?;
            (store, Operation::Put(key.0, value.map(|value| value.0)))
        }
        "put_if_absent" => {
            let Put { store, key, value } = read(op, members)?;
            (store, Operation::PutIfAbsent(key.0, value.map(|value| value.0)))
        }
        "put_all" => {
            let PutAll { store, entries } = read(op, members)?;
            let entry = |(key, value): (Data, Option<Data>)| (key.0, value.map(|value| value.0));
            (store, Operation::PutAll(entries.into_iter().map(entry).collect()))
        }
        "range" => {
            let Range { store, from, to, reverse, limit } = read(op, members)?;
            let bound = |data: Option<Data>| data.map(|data| data.0);
            (store, Operation::Range { from: bound(from), to: bound(to), reverse, limit })
        }
        "prefix" => {
            let Prefix { store, prefix, reverse, limit } = read(op, members)?;
            (store, Operation::Prefix { prefix: prefix.0, reverse, limit })
        }
        "count" => (read::<Store>(op, members)?.store, Operation::Count),
        _ => {
            let hint = hint(op, OPERATIONS.iter().copied());
            let shown: String = op.chars().take(40).collect();
            return Err(invalid(format!("operation {shown:?} is not known{hint}")));
        }
    })
}

/// Reads the members of an operation.
fn read<T: DeserializeOwned>(op: &str, members: Map<String, Value>) -> Result<T> {
    serde_json::from_value(Value::Object(members)).map_err(|error| refused(op, &error))
}

/// The library names members and types; where it would quote a value, only the kind of problem is said.
fn refused(op: &str, error: &serde_json::Error) -> Error {
    let said = error.to_string();
    let what = ["missing field", "unknown field", "bytes are", "duplicate field"];
    if what.iter().any(|beginning| said.starts_with(beginning)) {
        return invalid(format!("{op}: {said}"));
    }
    let expected = said.rsplit_once("expected ").map_or("another type", |(_, expected)| expected);
    invalid(format!("{op}: a member is of the wrong type, expected {expected}"))
}

/// What was probably meant, for the end of a message.
pub(super) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    match scored.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((score, known)) if score > 0.8 => format!("; did you mean {known:?}?"),
        _ => String::new(),
    }
}
