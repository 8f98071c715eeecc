//! Versioned stores: the model keeps every version that was not late for ever.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use proptest::{
    prelude::{Just, Strategy},
    prop_oneof,
    strategy::BoxedStrategy,
};
use store_core::{codec::Raw, prelude::*};

use super::{
    Kind,
    tools::{end, key, maybe_value, order, ordered, same, same_rows, time},
};

const HISTORY: i64 = 50;

/// The versions of a key by time; none is a tombstone.
type Versions = BTreeMap<i64, Option<Bytes>>;

#[derive(Clone, Default)]
pub(crate) struct Model<const SEGMENT: u64> {
    stream_time: Option<i64>,
    keys: BTreeMap<Bytes, Versions>,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Put(Bytes, Option<Bytes>, i64),
    Delete(Bytes, i64),
    Get(Bytes),
    GetAsOf(Bytes, i64),
    History(Bytes, i64, i64, Order),
}

type Record = VersionedRecord<Bytes>;

impl<const SEGMENT: u64> Model<SEGMENT> {
    /// The first time that is not before the history.
    fn begins(&self) -> i64 {
        self.stream_time.map_or(i64::MIN, |time| time - HISTORY)
    }

    fn put(&mut self, key: Bytes, value: Option<Bytes>, time: i64) -> VersionedPut {
        self.stream_time = self.stream_time.max(Some(time));
        if time < self.begins() {
            return VersionedPut::Late;
        }
        let versions = self.keys.entry(key).or_default();
        versions.insert(time, value);
        let next = versions.range(time + 1..).next();
        next.map_or(VersionedPut::Latest, |(next, _)| VersionedPut::ValidTo(*next))
    }

    /// All versions of a key that are no tombstones.
    fn records(&self, key: &Bytes) -> Vec<Record> {
        let versions = self.keys.get(key).cloned().unwrap_or_default();
        let ends = versions.keys().skip(1).map(|time| Some(*time)).chain([None]);
        let records = versions.iter().zip(ends).filter_map(|((time, value), valid_to)| {
            Some(Record { value: value.clone()?, time: *time, valid_to })
        });
        records.collect()
    }

    fn as_of(&self, key: &Bytes, as_of: i64) -> Option<Record> {
        let mut records = self.records(key).into_iter();
        records.find(|record| match record.valid_to {
            None => record.time <= as_of,
            Some(end) => as_of >= self.begins() && record.time <= as_of && as_of < end,
        })
    }

    /// What a read as of some time between gives, and the latest version where it begins by then.
    fn history(&self, key: &Bytes, from: i64, to: i64) -> Vec<Record> {
        let from = from.max(self.begins());
        let told = |record: &Record| match record.valid_to {
            None => record.time <= to,
            Some(end) => from <= to && record.time <= to && from < end,
        };
        self.records(key).into_iter().filter(told).collect()
    }
}

fn any_time() -> BoxedStrategy<i64> {
    prop_oneof![12 => time(), 1 => -40..0_i64].boxed()
}

impl<const SEGMENT: u64> Kind for Model<SEGMENT> {
    type Definition = VersionedKeyValue<Bytes, Bytes, Raw>;
    type Store = Arc<dyn VersionedKeyValueStore<Bytes, Bytes>>;
    type Op = Op;

    fn definition() -> Self::Definition {
        let history = Duration::from_millis(HISTORY.unsigned_abs());
        let versioned = VersionedKeyValue::new("s", history).values(Raw);
        versioned.segments(Duration::from_millis(SEGMENT))
    }

    fn operations() -> BoxedStrategy<Op> {
        // Few keys, so that they have many versions.
        let few = || prop_oneof![3 => Just(Bytes::from_static(b"a")), 1 => key()];
        prop_oneof![
            4 => (few(), maybe_value(), any_time()).prop_map(|(key, value, time)| Op::Put(key, value, time)),
            1 => (few(), any_time()).prop_map(|(key, time)| Op::Delete(key, time)),
            1 => few().prop_map(Op::Get),
            3 => (few(), end()).prop_map(|(key, as_of)| Op::GetAsOf(key, as_of)),
            2 => (few(), end(), end(), order())
                .prop_map(|(key, from, to, order)| Op::History(key, from, to, order)),
        ]
        .boxed()
    }

    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Op) -> BoxFuture<'a, Result<()>> {
        async move {
            match op {
                Op::Put(key, value, time) => {
                    let put = store.put(&key, value.as_ref(), time).await?;
                    same(&put, &self.put(key, value, time))
                }
                Op::Delete(key, time) => {
                    let expected = self.as_of(&key, time).filter(|_| time >= self.begins());
                    same(&store.delete(&key, time).await?, &expected)?;
                    self.put(key, None, time);
                    Ok(())
                }
                Op::Get(key) => same(&store.get(&key).await?, &self.as_of(&key, i64::MAX)),
                Op::GetAsOf(key, as_of) => {
                    same(&store.get_as_of(&key, as_of).await?, &self.as_of(&key, as_of))
                }
                Op::History(key, from, to, order) if from < to => {
                    let expected = ordered(self.history(&key, from, to), order);
                    same_rows(store.history(&key, from, to, order), expected).await
                }
                Op::History(key, from, to, order) => {
                    let refused = same_rows(store.history(&key, from, to, order), Vec::new()).await;
                    anyhow::ensure!(
                        refused.is_err_and(|error| error.to_string().contains("must end after"))
                    );
                    Ok(())
                }
            }
        }
        .boxed()
    }
}
