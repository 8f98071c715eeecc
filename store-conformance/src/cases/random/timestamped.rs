//! Timestamped key-value stores.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    strategy::BoxedStrategy,
};
use store_core::{codec::Raw, prelude::*};

use super::{
    Kind,
    tools::{between, bound, key, order, ordered, same, same_rows, value},
};

#[derive(Clone, Default)]
pub(crate) struct Model(BTreeMap<Bytes, Timestamped<Bytes>>);

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(Bytes),
    Put(Bytes, Bytes, i64),
    Delete(Bytes),
    Range(Option<Bytes>, Option<Bytes>, Order),
}

impl Kind for Model {
    type Definition = TimestampedKeyValue<Bytes, Bytes, Raw>;
    type Store = Arc<dyn TimestampedKeyValueStore<Bytes, Bytes>>;
    type Op = Op;

    fn definition() -> Self::Definition {
        TimestampedKeyValue::new("s").values(Raw)
    }

    fn operations() -> BoxedStrategy<Op> {
        prop_oneof![
            key().prop_map(Op::Get),
            (key(), value(), any::<i64>()).prop_map(|(key, value, time)| Op::Put(key, value, time)),
            key().prop_map(Op::Delete),
            (bound(), bound(), order()).prop_map(|(from, to, order)| Op::Range(from, to, order)),
        ]
        .boxed()
    }

    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Op) -> BoxFuture<'a, Result<()>> {
        async move {
            match op {
                Op::Get(key) => same(&store.get(&key).await?, &self.0.get(&key).cloned()),
                Op::Put(key, value, time) => {
                    let value = Timestamped::new(value, time);
                    store.put(&key, &value).await?;
                    self.0.insert(key, value);
                    Ok(())
                }
                Op::Delete(key) => same(&store.delete(&key).await?, &self.0.remove(&key)),
                Op::Range(from, to, order) => {
                    let rows = self.0.iter();
                    let rows = rows.filter(|(key, _)| between(key, from.as_ref(), to.as_ref()));
                    let rows = rows.map(|(key, value)| (key.clone(), value.clone())).collect();
                    same_rows(store.range(from, to, order), ordered(rows, order)).await
                }
            }
        }
        .boxed()
    }
}
