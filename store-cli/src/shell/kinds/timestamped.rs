//! Timestamped key-value stores; what they share with plain ones is in `entries`.

use bytes::Bytes;
use store::{
    Result, StoreDefinition, TimestampedKeyValue,
    codec::Raw,
    stores::{
        Kind as _,
        timestamped::{Timestamped, TimestampedKeyValueKind, TimestampedKeyValueStore},
    },
};

use super::{
    super::{
        Value,
        members::Members,
        operation::{Member, Operation},
    },
    Kind, Store, entries,
};
use crate::names;

pub(super) const KIND: Kind = Kind {
    name: names::TIMESTAMPED,
    settings: &[],
    spec: |name, _| TimestampedKeyValue::<Bytes, Bytes>::new("").values(Raw).named(name).spec(),
    open: |maps| Store::Timestamped(TimestampedKeyValueKind::open(maps, Raw)),
    operations: &[OPERATIONS, entries::OPERATIONS],
};

/// What can be done with a timestamped store only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Put,
    Get,
}

operation_of!(Timestamped, &[]);

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "timestamped_put",
        Action::Put,
        &[Member::STORE, Member::KEY, Member::VALUE, Member::time("time")],
        "set the value of a key and its time; null deletes it",
    ),
    operation(
        "timestamped_get",
        Action::Get,
        &[Member::STORE, Member::KEY],
        "show the value of a key and its time",
    )
    .reading()
    .columns(&["VALUE", "TIME"]),
];

/// Runs an operation on a store.
pub(super) async fn run(
    action: Action,
    store: &dyn TimestampedKeyValueStore<Bytes, Bytes>,
    mut members: Members,
) -> Result<Value> {
    let key = members.bytes("key")?;
    match action {
        Action::Put => {
            let value = members.nullable_bytes("value")?;
            let time = members.time("time")?;
            match value {
                Some(value) => store.put(&key, &Timestamped::new(value, time)).await?,
                None => store.put_all(vec![(key, None)]).await?,
            }
            Ok(Value::Null)
        }
        Action::Get => Ok(Value::or_null(store.get(&key).await?)),
    }
}

impl From<Timestamped<Bytes>> for Value {
    fn from(Timestamped { value, time }: Timestamped<Bytes>) -> Self {
        Self::Row(vec![value.into(), time.into()])
    }
}
