//! Key-value stores.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use proptest::{collection::vec, prelude::Strategy, prop_oneof, strategy::BoxedStrategy};
use store_core::{codec::Raw, prelude::*};

use super::{
    Kind,
    tools::{between, bound, key, maybe_value, order, ordered, same, same_rows, value},
};

#[derive(Clone, Default)]
pub(crate) struct Model(BTreeMap<Bytes, Bytes>);

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(Bytes),
    GetMany(Vec<Bytes>),
    Put(Bytes, Bytes),
    Delete(Bytes),
    PutIfAbsent(Bytes, Bytes),
    PutAll(Vec<(Bytes, Option<Bytes>)>),
    /// Appends a byte to a value, makes an absent one, deletes one of three bytes.
    Update(Bytes),
    Range(Option<Bytes>, Option<Bytes>, Order),
    Prefix(Bytes, Order),
}

/// What `Op::Update` makes of a value.
fn grown(old: Option<Bytes>) -> Option<Bytes> {
    let old = old.unwrap_or_default();
    (old.len() < 3).then(|| [&old[..], b"x"].concat().into())
}

impl Model {
    fn write(&mut self, key: Bytes, value: Option<Bytes>) {
        match value {
            Some(value) => self.0.insert(key, value),
            None => self.0.remove(&key),
        };
    }

    fn rows(&self, order: Order, within: impl Fn(&Bytes) -> bool) -> Vec<(Bytes, Bytes)> {
        let rows = self.0.iter().filter(|(key, _)| within(key));
        ordered(rows.map(|(key, value)| (key.clone(), value.clone())).collect(), order)
    }
}

impl Kind for Model {
    type Definition = KeyValue<Bytes, Bytes, Raw>;
    type Store = Arc<dyn KeyValueStore<Bytes, Bytes>>;
    type Op = Op;

    fn definition() -> Self::Definition {
        KeyValue::new("s").values(Raw)
    }

    fn operations() -> BoxedStrategy<Op> {
        prop_oneof![
            key().prop_map(Op::Get),
            vec(key(), 0..4).prop_map(Op::GetMany),
            (key(), value()).prop_map(|(key, value)| Op::Put(key, value)),
            key().prop_map(Op::Delete),
            (key(), value()).prop_map(|(key, value)| Op::PutIfAbsent(key, value)),
            vec((key(), maybe_value()), 0..5).prop_map(Op::PutAll),
            key().prop_map(Op::Update),
            (bound(), bound(), order()).prop_map(|(from, to, order)| Op::Range(from, to, order)),
            (key(), order()).prop_map(|(prefix, order)| Op::Prefix(prefix, order)),
        ]
        .boxed()
    }

    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Op) -> BoxFuture<'a, Result<()>> {
        async move {
            match op {
                Op::Get(key) => same(&store.get(&key).await?, &self.0.get(&key).cloned()),
                Op::GetMany(keys) => {
                    let expected = keys.iter().map(|key| self.0.get(key).cloned()).collect();
                    same(&store.get_many(&keys).await?, &expected)
                }
                Op::Put(key, value) => {
                    store.put(&key, &value).await?;
                    self.write(key, Some(value));
                    Ok(())
                }
                Op::Delete(key) => same(&store.delete(&key).await?, &self.0.remove(&key)),
                Op::PutIfAbsent(key, value) => {
                    let existing = self.0.get(&key).cloned();
                    same(&store.put_if_absent(&key, &value).await?, &existing)?;
                    self.0.entry(key).or_insert(value);
                    Ok(())
                }
                Op::PutAll(entries) => {
                    store.put_all(entries.clone()).await?;
                    entries.into_iter().for_each(|(key, value)| self.write(key, value));
                    Ok(())
                }
                Op::Update(key) => {
                    store.update(&key, grown).await?;
                    let new = grown(self.0.get(&key).cloned());
                    self.write(key, new);
                    Ok(())
                }
                Op::Range(from, to, order) => {
                    let within = |key: &Bytes| between(key, from.as_ref(), to.as_ref());
                    let expected = self.rows(order, within);
                    same_rows(store.range(from, to, order), expected).await
                }
                Op::Prefix(prefix, order) => {
                    let expected = self.rows(order, |key| key.starts_with(&prefix));
                    same_rows(store.prefix(&prefix, order)?, expected).await
                }
            }
        }
        .boxed()
    }
}
