//! Session stores: the model keeps every session that was not late, and looks through all of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Result;
use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use proptest::{prelude::Strategy, prop_oneof, strategy::BoxedStrategy};
use store_core::{codec::Raw, prelude::*};

use super::{
    Kind,
    tools::{between, bound, end, key, maybe_value, order, ordered, same, same_rows, time},
};

const RETENTION: i64 = 50;
const GAP: i64 = 8;

#[derive(Clone, Default)]
pub(crate) struct Model<const SEGMENT: u64> {
    stream_time: Option<i64>,
    /// By key, end and start.
    rows: BTreeMap<(Bytes, i64, i64), Bytes>,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Put(Bytes, SessionWindow, Option<Bytes>),
    Remove(Bytes, SessionWindow),
    /// Joins the values of what is merged.
    Merge(Bytes, SessionWindow, Bytes),
    Get(Bytes, SessionWindow),
    Find(Bytes, i64, i64, Order),
    FindKeys(Option<Bytes>, Option<Bytes>, i64, i64, Order),
    All(Order),
}

type Row = (Bytes, SessionWindow, Bytes);

impl<const SEGMENT: u64> Model<SEGMENT> {
    fn is_live(&self, end: i64) -> bool {
        self.stream_time.is_none_or(|time| end > time - RETENTION)
    }

    fn put(&mut self, key: Bytes, session: SessionWindow, value: Option<Bytes>) -> Written {
        let SessionWindow { start, end } = session;
        self.stream_time = self.stream_time.max(Some(end));
        if !self.is_live(end) {
            return Written::Late;
        }
        match value {
            Some(value) => self.rows.insert((key, end, start), value),
            None => self.rows.remove(&(key, end, start)),
        };
        Written::Stored
    }

    fn get(&self, key: &Bytes, SessionWindow { start, end }: SessionWindow) -> Option<Bytes> {
        let row = self.rows.get(&(key.clone(), end, start));
        row.filter(|_| self.is_live(end)).cloned()
    }

    fn merge(&mut self, key: Bytes, event: SessionWindow, value: Bytes) -> Written {
        let touched = self.find(event.start - GAP, event.end + GAP, |other| *other == key);
        let (mut merged, mut values) = (event, Vec::new());
        for (_, session, value) in &touched {
            merged.start = merged.start.min(session.start);
            merged.end = merged.end.max(session.end);
            values.extend_from_slice(value);
        }
        values.extend(value);
        if self.is_live(merged.end) {
            for (key, SessionWindow { start, end }, _) in touched {
                self.rows.remove(&(key, end, start));
            }
        }
        self.put(key, merged, Some(values.into()))
    }

    /// Live rows, segment by segment, then by key, end and start.
    fn find(
        &self,
        earliest_end: i64,
        latest_start: i64,
        within: impl Fn(&Bytes) -> bool,
    ) -> Vec<Row> {
        let rows = self.rows.iter().filter(|((key, end, start), _)| {
            self.is_live(*end) && within(key) && *end >= earliest_end && *start <= latest_start
        });
        let row = |((key, end, start), value): (&(Bytes, i64, i64), &Bytes)| {
            (key.clone(), SessionWindow::new(*start, *end), value.clone())
        };
        let mut rows: Vec<Row> = rows.map(row).collect();
        rows.sort_by_key(|(_, session, _)| session.end / SEGMENT.cast_signed());
        rows
    }
}

fn session() -> BoxedStrategy<SessionWindow> {
    (time(), 0..30_i64)
        .prop_map(|(start, length)| SessionWindow::new(start, start + length))
        .boxed()
}

impl<const SEGMENT: u64> Kind for Model<SEGMENT> {
    type Definition = Session<Bytes, Bytes, Raw>;
    type Store = Arc<dyn SessionStore<Bytes, Bytes>>;
    type Op = Op;

    fn definition() -> Self::Definition {
        let retention = Duration::from_millis(RETENTION.unsigned_abs());
        Session::new("s", retention).values(Raw).segments(Duration::from_millis(SEGMENT))
    }

    fn operations() -> BoxedStrategy<Op> {
        prop_oneof![
            2 => (key(), session(), maybe_value()).prop_map(|(key, at, value)| Op::Put(key, at, value)),
            1 => (key(), session()).prop_map(|(key, at)| Op::Remove(key, at)),
            2 => (key(), session(), maybe_value())
                .prop_map(|(key, at, value)| Op::Merge(key, at, value.unwrap_or_default())),
            1 => (key(), session()).prop_map(|(key, at)| Op::Get(key, at)),
            2 => (key(), end(), end(), order()).prop_map(|(key, from, to, order)| Op::Find(key, from, to, order)),
            2 => (bound(), bound(), end(), end(), order())
                .prop_map(|(from_key, to_key, from, to, order)| Op::FindKeys(from_key, to_key, from, to, order)),
            1 => order().prop_map(Op::All),
        ]
        .boxed()
    }

    fn check<'a>(&'a mut self, store: &'a Self::Store, op: Op) -> BoxFuture<'a, Result<()>> {
        async move {
            match op {
                Op::Put(key, at, value) => {
                    let written = store.put(&key, at, value.as_ref()).await?;
                    same(&written, &self.put(key, at, value))
                }
                Op::Remove(key, at) => {
                    store.remove(&key, at).await?;
                    self.rows.remove(&(key, at.end, at.start));
                    Ok(())
                }
                Op::Merge(key, at, value) => {
                    let new = value.clone();
                    let join = move |found: Vec<(SessionWindow, Bytes)>| {
                        let values = found.iter().map(|(_, value)| &value[..]);
                        values.chain([&new[..]]).collect::<Vec<_>>().concat().into()
                    };
                    let written = store.merge(&key, at, GAP, join).await?;
                    same(&written, &self.merge(key, at, value))
                }
                Op::Get(key, at) => same(&store.get(&key, at).await?, &self.get(&key, at)),
                Op::Find(key, earliest_end, latest_start, order) => {
                    let rows = self.find(earliest_end, latest_start, |other| *other == key);
                    let rows = rows.into_iter().map(|(_, at, value)| (at, value)).collect();
                    let found = store.find(&key, earliest_end, latest_start, order);
                    same_rows(found, ordered(rows, order)).await
                }
                Op::FindKeys(from_key, to_key, earliest_end, latest_start, order) => {
                    let within = |key: &Bytes| between(key, from_key.as_ref(), to_key.as_ref());
                    let rows = self.find(earliest_end, latest_start, within);
                    let found =
                        store.find_keys(from_key, to_key, earliest_end, latest_start, order);
                    same_rows(found, ordered(rows, order)).await
                }
                Op::All(order) => {
                    let rows = self.find(i64::MIN, i64::MAX, |_| true);
                    same_rows(store.all(order), ordered(rows, order)).await
                }
            }
        }
        .boxed()
    }
}
