//! Window stores: the model keeps every put that was not late, and looks through all of them.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use proptest::{prelude::Strategy, prop_oneof, strategy::BoxedStrategy};
use store_core::{codec::Raw, prelude::*};

use super::{
    Kind,
    tools::{between, bound, end, key, maybe_value, order, ordered, same, same_rows, time},
};

const SIZE: i64 = 10;
const RETENTION: i64 = 50;

#[derive(Clone, Debug)]
struct Row {
    key: Bytes,
    start: i64,
    value: Bytes,
}

#[derive(Clone, Default)]
pub(crate) struct Model<const DUPLICATES: bool, const SEGMENT: u64> {
    stream_time: Option<i64>,
    /// In the order of the puts.
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Put(Bytes, i64, Option<Bytes>),
    /// Counts in the last byte; with duplicates refused.
    Update(Bytes, i64),
    Get(Bytes, i64),
    Fetch(Bytes, i64, i64, Order),
    FetchKeys(Option<Bytes>, Option<Bytes>, i64, i64, Order),
    All(Order),
}

fn grown(old: Option<Bytes>) -> Option<Bytes> {
    let old = old.unwrap_or_default();
    (old.len() < 3).then(|| [&old[..], b"x"].concat().into())
}

impl<const DUPLICATES: bool, const SEGMENT: u64> Model<DUPLICATES, SEGMENT> {
    fn is_live(&self, start: i64) -> bool {
        self.stream_time.is_none_or(|time| start > time - RETENTION)
    }

    fn put(&mut self, key: Bytes, start: i64, value: Option<Bytes>) -> Written {
        self.stream_time = self.stream_time.max(Some(start));
        if !self.is_live(start) {
            return Written::Late;
        }
        if !DUPLICATES {
            self.rows.retain(|row| (&row.key, row.start) != (&key, start));
        }
        self.rows.extend(value.map(|value| Row { key, start, value }));
        Written::Stored
    }

    fn get(&self, key: &Bytes, start: i64) -> Option<Bytes> {
        let mut rows = self.rows.iter().filter(|row| row.key == *key && row.start == start);
        rows.next().filter(|_| self.is_live(start)).map(|row| row.value.clone())
    }

    /// Live rows, segment by segment, then by key, then by start, then as they were put.
    fn rows(&self, from: i64, to: i64, within: impl Fn(&Bytes) -> bool) -> Vec<Row> {
        let live = self.rows.iter().filter(|row| self.is_live(row.start) && within(&row.key));
        let mut rows: Vec<_> =
            live.filter(|row| from <= row.start && row.start <= to).cloned().collect();
        let segment = |start: i64| start / SEGMENT.cast_signed();
        rows.sort_by(|a, b| {
            (segment(a.start), &a.key, a.start).cmp(&(segment(b.start), &b.key, b.start))
        });
        rows
    }
}

fn windowed(Row { key, start, value }: Row) -> (Windowed<Bytes>, Bytes) {
    (Windowed { key, start, end: start + SIZE }, value)
}

impl<const DUPLICATES: bool, const SEGMENT: u64> Kind for Model<DUPLICATES, SEGMENT> {
    type Definition = Window<Bytes, Bytes, Raw>;
    type Store = Arc<dyn WindowStore<Bytes, Bytes>>;
    type Op = Op;

    fn definition() -> Self::Definition {
        let ms = |ms: i64| Duration::from_millis(ms.unsigned_abs());
        let window = Window::new("s", ms(SIZE), ms(RETENTION)).values(Raw);
        let window = window.segments(Duration::from_millis(SEGMENT));
        if DUPLICATES { window.duplicates() } else { window }
    }

    fn operations() -> BoxedStrategy<Op> {
        prop_oneof![
            4 => (key(), time(), maybe_value()).prop_map(|(key, start, value)| Op::Put(key, start, value)),
            1 => (key(), time()).prop_map(|(key, start)| Op::Update(key, start)),
            2 => (key(), time()).prop_map(|(key, start)| Op::Get(key, start)),
            2 => (key(), end(), end(), order()).prop_map(|(key, from, to, order)| Op::Fetch(key, from, to, order)),
            2 => (bound(), bound(), end(), end(), order())
                .prop_map(|(from_key, to_key, from, to, order)| Op::FetchKeys(from_key, to_key, from, to, order)),
            1 => order().prop_map(Op::All),
        ]
        .boxed()
    }

    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Op) -> BoxFuture<'a, Result<()>> {
        async move {
            match op {
                Op::Put(key, start, value) => {
                    let written = store.put(&key, start, value.as_ref()).await?;
                    same(&written, &self.put(key, start, value))
                }
                Op::Update(key, start) if DUPLICATES => {
                    let refused = store.update(&key, start, grown).await.err();
                    same(&refused.map(|error| error.kind()), &Some(ErrorKind::Unsupported))
                }
                Op::Update(key, start) => {
                    let written = store.update(&key, start, grown).await?;
                    let new = grown(self.get(&key, start));
                    same(&written, &self.put(key, start, new))
                }
                Op::Get(key, start) => same(&store.get(&key, start).await?, &self.get(&key, start)),
                Op::Fetch(key, from, to, order) => {
                    let rows = self.rows(from, to, |other| *other == key).into_iter();
                    let rows = rows.map(|row| (row.start, row.value)).collect();
                    same_rows(store.fetch(&key, from, to, order), ordered(rows, order)).await
                }
                Op::FetchKeys(from_key, to_key, from, to, order) => {
                    let within = |key: &Bytes| between(key, from_key.as_ref(), to_key.as_ref());
                    let rows = self.rows(from, to, within).into_iter().map(windowed).collect();
                    let found = store.fetch_keys(from_key, to_key, from, to, order);
                    same_rows(found, ordered(rows, order)).await
                }
                Op::All(order) => {
                    let rows = self.rows(i64::MIN, i64::MAX, |_| true);
                    let rows = rows.into_iter().map(windowed).collect();
                    same_rows(store.all(order), ordered(rows, order)).await
                }
            }
        }
        .boxed()
    }
}
