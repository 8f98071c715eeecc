//! Key-value stores; what they share with timestamped ones is in `entries`.

use bytes::Bytes;
use store::{
    KeyValue, Result, StoreDefinition,
    codec::Raw,
    stores::{
        Kind as _,
        key_value::{KeyValueKind, KeyValueStore},
    },
};

use super::{
    super::{
        Value,
        bytes::{bytes, nullable},
        members::{Members, invalid},
        node::Node,
        operation::{Holds, Member, Operation},
    },
    Kind, Store, entries,
};
use crate::names;

pub(super) const KIND: Kind = Kind {
    name: names::KEY_VALUE,
    settings: &[],
    spec: |name, _| KeyValue::<Bytes, Bytes>::new("").values(Raw).named(name).spec(),
    open: |maps| Store::KeyValue(KeyValueKind::open(maps, Raw)),
    operations: &[OPERATIONS, entries::OPERATIONS],
};

/// What can be done with a key-value store only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Get,
    Put,
    PutIfAbsent,
    PutAll,
}

operation_of!(KeyValue, &[]);

const STORE: Member = Member::STORE;
const KEY: Member = Member::KEY;
const VALUE: Member = Member::VALUE;

pub(super) const OPERATIONS: &[Operation] = &[
    operation("get", Action::Get, &[STORE, KEY], "show the value of a key").reading(),
    operation("put", Action::Put, &[STORE, KEY, VALUE], "set the value of a key; null deletes it"),
    operation(
        "put_if_absent",
        Action::PutIfAbsent,
        &[STORE, KEY, VALUE],
        "set the value of an absent key, or show the one there",
    )
    .reading(),
    operation(
        "put_all",
        Action::PutAll,
        &[STORE, Member::new("entries", Holds::Entries)],
        "set or delete several keys together",
    ),
];

/// Runs an operation on a store.
pub(super) async fn run(
    action: Action,
    store: &dyn KeyValueStore<Bytes, Bytes>,
    mut members: Members,
) -> Result<Value> {
    match action {
        Action::Get => Ok(Value::or_null(store.get(&members.bytes("key")?).await?)),
        Action::Put => {
            let key = members.bytes("key")?;
            match members.nullable_bytes("value")? {
                Some(value) => store.put(&key, &value).await?,
                None => store.put_all(vec![(key, None)]).await?,
            }
            Ok(Value::Null)
        }
        Action::PutIfAbsent => {
            let key = members.bytes("key")?;
            let existing = match members.nullable_bytes("value")? {
                Some(value) => store.put_if_absent(&key, &value).await?,
                None => store.get(&key).await?,
            };
            Ok(Value::or_null(existing))
        }
        Action::PutAll => {
            store.put_all(pairs(&mut members)?).await?;
            Ok(Value::Null)
        }
    }
}

fn pairs(members: &mut Members) -> Result<Vec<(Bytes, Option<Bytes>)>> {
    let list = members.list("entries")?;
    let pair = |(place, node)| {
        let wrong =
            |what: &str| invalid(members.at("entries", &format!("{what} in entry {place}")));
        let Node::List(pair) = node else { return Err(wrong("must be pairs [key, value]")) };
        let Ok([key, value]) = <[Node; 2]>::try_from(pair) else {
            return Err(wrong("must be pairs [key, value]"));
        };
        let key = bytes(key).map_err(|error| wrong(&format!("has a key that {error}")))?;
        let value = nullable(value);
        Ok((key, value.map_err(|error| wrong(&format!("has a value that {error}")))?))
    };
    (1..).zip(list).map(pair).collect()
}
