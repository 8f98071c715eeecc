//! Key-value stores.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future::ready, stream::BoxStream};
use store::{
    KeyValue, Maps, Order, Result, StoreDefinition,
    backend::{Name, StoreSpec},
    codec::{Key, Raw},
    stores::key_value::KeyValueStore,
};

use super::{
    Value,
    members::{Members, bytes, invalid, nullable},
    node::Node,
    operation::{self, Holds, Member, Operation},
};

/// A key-value store of plain bytes.
pub(super) type Store = Arc<dyn KeyValueStore<Bytes, Bytes>>;

/// The kind as it is recorded.
pub(super) const KIND: &str = "key_value";

/// What `open` may say of a store of this kind beside its name and kind.
pub(super) const MEMBERS: &[&str] = &["codec"];

/// What can be done with a key-value store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Get,
    Put,
    Delete,
    PutIfAbsent,
    PutAll,
    Range,
    Prefix,
    Count,
}

const STORE: Member = Member::new("store", Holds::Store);
const KEY: Member = Member::new("key", Holds::Bytes);
const VALUE: Member = Member::new("value", Holds::Bytes);
const REVERSE: Member = Member::optional("reverse", Holds::Flag);
const LIMIT: Member = Member::optional("limit", Holds::Integer);

const fn operation(
    name: &'static str,
    action: Action,
    members: &'static [Member],
    about: &'static str,
) -> Operation {
    let action = operation::Action::KeyValue(action);
    Operation { name, action, members, reads: false, about }
}

const fn reading(
    name: &'static str,
    action: Action,
    members: &'static [Member],
    about: &'static str,
) -> Operation {
    Operation { reads: true, ..operation(name, action, members, about) }
}

pub(super) const OPERATIONS: &[Operation] = &[
    reading("get", Action::Get, &[STORE, KEY], "show the value of a key"),
    operation("put", Action::Put, &[STORE, KEY, VALUE], "set the value of a key; null deletes it"),
    reading("delete", Action::Delete, &[STORE, KEY], "delete a key and show its old value"),
    reading(
        "put_if_absent",
        Action::PutIfAbsent,
        &[STORE, KEY, VALUE],
        "set the value of an absent key, or show the one there",
    ),
    operation(
        "put_all",
        Action::PutAll,
        &[STORE, Member::new("entries", Holds::Entries)],
        "set or delete several keys together",
    ),
    operation(
        "range",
        Action::Range,
        &[
            STORE,
            Member::optional("from", Holds::Bytes),
            Member::optional("to", Holds::Bytes),
            REVERSE,
            LIMIT,
        ],
        "list entries in key order, both ends inclusive",
    ),
    operation(
        "prefix",
        Action::Prefix,
        &[STORE, Member::new("prefix", Holds::Bytes), REVERSE, LIMIT],
        "list entries whose key starts with a prefix",
    ),
    operation("count", Action::Count, &[STORE], "count entries, by reading them all"),
];

/// What is recorded with a store of these names.
pub(super) fn spec(name: Name, codec: &str) -> StoreSpec {
    StoreSpec::new(name, KIND, Bytes::codec(), codec)
}

/// Opens a store on its stored bytes, whatever codecs it has.
pub(super) fn open(maps: Maps) -> Store {
    KeyValue::<Bytes, Bytes>::new("").values(Raw).open(maps)
}

/// Runs an operation on a store.
pub(super) async fn run(action: Action, store: &Store, mut members: Members) -> Result<Value> {
    match action {
        Action::Get => Ok(store.get(&members.bytes("key")?).await?.into()),
        Action::Put => {
            let key = members.bytes("key")?;
            match members.nullable_bytes("value")? {
                Some(value) => store.put(&key, &value).await?,
                None => store.put_all(vec![(key, None)]).await?,
            }
            Ok(Value::Null)
        }
        Action::Delete => Ok(store.delete(&members.bytes("key")?).await?.into()),
        Action::PutIfAbsent => {
            let key = members.bytes("key")?;
            let existing = match members.nullable_bytes("value")? {
                Some(value) => store.put_if_absent(&key, &value).await?,
                None => store.get(&key).await?,
            };
            Ok(existing.into())
        }
        Action::PutAll => {
            store.put_all(entries(&mut members)?).await?;
            Ok(Value::Null)
        }
        Action::Range => {
            let (from, to) = (members.bound("from")?, members.bound("to")?);
            let page = Page::take(&mut members)?;
            page.rows(store.range(from, to, page.order)).await
        }
        Action::Prefix => {
            let prefix = members.bytes("prefix")?;
            let page = Page::take(&mut members)?;
            let end = counted_up(&prefix);
            let range = store.range(Some(prefix), end.clone(), page.order);
            // The end is exclusive. An error is passed on.
            let within = range.try_filter(move |(key, _)| ready(Some(key) != end.as_ref()));
            page.rows(within.boxed()).await
        }
        Action::Count => {
            let all = store.range(None, None, Order::Forward);
            let count = all.try_fold(0_u64, async |count, _| Ok(count + 1)).await?;
            Ok(Value::Number(count.into()))
        }
    }
}

/// Where a prefix scan ends in Kafka Streams, whose recorded answers this protocol gives: the prefix counted up by one as
/// a big-endian number of the same length; none for 0xff bytes only.
///
/// Differs from the end of what begins with the prefix where it ends in 0xff: behind `00ff` comes `0100`, and the key `01`
/// is below that.
fn counted_up(prefix: &Bytes) -> Option<Bytes> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix.to_vec();
    end[last] += 1;
    end[last + 1..].fill(0);
    Some(end.into())
}

/// Which rows of a listing are wanted.
struct Page {
    order: Order,
    limit: usize,
}

impl Page {
    fn take(members: &mut Members) -> Result<Self> {
        let order = if members.flag("reverse")? { Order::Backward } else { Order::Forward };
        Ok(Self { order, limit: members.limit("limit")?.unwrap_or(usize::MAX) })
    }

    async fn rows(&self, entries: BoxStream<'static, Result<(Bytes, Bytes)>>) -> Result<Value> {
        let row = |(key, value)| Value::List(vec![Value::Bytes(key), Value::Bytes(value)]);
        entries.take(self.limit).map_ok(row).try_collect().await.map(Value::List)
    }
}

fn entries(members: &mut Members) -> Result<Vec<(Bytes, Option<Bytes>)>> {
    let list = members.list("entries")?;
    let entry = |(place, node)| {
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
    (1..).zip(list).map(entry).collect()
}
