//! Versioned stores; a row is a value, the time it is valid from and the time it is valid to, null for the latest.

use bytes::Bytes;
use store::{
    Result, VersionedKeyValue,
    backend::StoreSpec,
    codec::Raw,
    stores::{
        Kind as _,
        versioned::{VersionedKeyValueKind, VersionedKeyValueStore, VersionedPut, VersionedRecord},
    },
};

use super::{
    super::{
        Value,
        members::Members,
        operation::{Holds, Member, Operation},
    },
    Kind, Setting, Store,
    listing::Page,
    setting::timed,
};
use crate::names;

pub(super) const KIND: Kind = Kind {
    name: names::VERSIONED,
    settings: &[Setting::HISTORY, Setting::SEGMENT],
    spec,
    open: |maps| Store::Versioned(VersionedKeyValueKind::open(maps, Raw)),
    operations: &[OPERATIONS],
};

/// What can be done with a versioned store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Put,
    Get,
    Delete,
    History,
}

operation_of!(Versioned, &["VALUE", "TIME", "VALID_TO"]);

const STORE: Member = Member::STORE;
const KEY: Member = Member::KEY;
const TIME: Member = Member::time("time");

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "versioned_put",
        Action::Put,
        &[STORE, KEY, Member::VALUE, TIME],
        "put a version of a key, null for none; shows to which time it is valid",
    ),
    operation(
        "versioned_get",
        Action::Get,
        &[STORE, KEY, Member::optional("as_of", Holds::Integer)],
        "show the version of a key, the latest or as of a time",
    )
    .reading(),
    operation(
        "versioned_delete",
        Action::Delete,
        &[STORE, KEY, TIME],
        "delete a key as of a time and show the version deleted",
    )
    .reading(),
    operation(
        "versioned_history",
        Action::History,
        &[STORE, KEY, Member::time("from"), Member::time("to"), Member::REVERSE, Member::LIMIT],
        "list versions of a key, both ends inclusive",
    ),
];

fn spec(name: String, members: &mut Members) -> Result<StoreSpec> {
    timed(VersionedKeyValue::new("", members.duration("history_ms")?), name, members)
}

/// Runs an operation on a store.
pub(super) async fn run(
    action: Action,
    store: &dyn VersionedKeyValueStore<Bytes, Bytes>,
    mut members: Members,
) -> Result<Value> {
    let key = members.bytes("key")?;
    match action {
        Action::Put => {
            let value = members.nullable_bytes("value")?;
            Ok(match store.put(&key, value.as_ref(), members.time("time")?).await? {
                VersionedPut::Latest => Value::Word("latest"),
                VersionedPut::ValidTo(time) => time.into(),
                VersionedPut::Late => Value::Word("not_put"),
            })
        }
        Action::Get => {
            let found = match members.optional_time("as_of")? {
                Some(time) => store.get_as_of(&key, time).await?,
                None => store.get(&key).await?,
            };
            Ok(Value::or_null(found))
        }
        Action::Delete => Ok(Value::or_null(store.delete(&key, members.time("time")?).await?)),
        Action::History => {
            let (from, to) = (members.time("from")?, members.time("to")?);
            let page = Page::take(&mut members)?;
            page.rows(store.history(&key, from, to, page.order), Value::from).await
        }
    }
}

impl From<VersionedRecord<Bytes>> for Value {
    fn from(VersionedRecord { value, time, valid_to }: VersionedRecord<Bytes>) -> Self {
        Self::Row(vec![value.into(), time.into(), Self::or_null(valid_to)])
    }
}
