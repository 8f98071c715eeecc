//! Pages of a map, merged from its buckets.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::response::PagingState;
use store_core::{
    Result,
    backend::{Order, Page, PageLimit},
    seen::{FIRST_ROWS, Seen},
};

use crate::answer::Fetched;

/// A key and its value: copied, since a slice would keep the whole answer in memory as long as one entry.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// What is read of one bucket.
struct Cursor {
    bucket: i32,
    rows: VecDeque<(Bytes, Bytes)>,
    /// Where to go on; none at the end.
    next: Option<PagingState>,
}

/// The buckets' rows in order, until the limit is reached; `fetch` reads so many rows of a bucket.
pub(crate) async fn merged<F>(
    buckets: impl Iterator<Item = i32>,
    order: Order,
    limit: PageLimit,
    in_flight: usize,
    seen: &mut Seen,
    fetch: impl Fn(i32, usize, PagingState) -> F + Sync,
) -> Result<Page>
where
    F: Future<Output = Result<Fetched<Row>>> + Send,
{
    let mut cursors: Vec<_> = buckets.map(Cursor::new).collect();
    let (mut page, mut bytes) = (Page::default(), 0);
    while !limit.is_reached(page.entries.len(), bytes) {
        if cursors.iter().any(|cursor| cursor.rows.is_empty() && cursor.next.is_some()) {
            let entries = limit.entries.saturating_sub(page.entries.len());
            let left = PageLimit::new(entries, limit.bytes.saturating_sub(bytes));
            fill(&mut cursors, left, in_flight, seen, &fetch).await?;
        }
        let Some(first) = first(&cursors, order) else { return Ok(page) };
        // Invariant: the cursor that is first has a row.
        let row = cursors[first].rows.pop_front().expect("a row");
        bytes += size(&row);
        page.entries.push(row);
    }
    page.resume = page.entries.last().map(|(key, _)| key.clone());
    Ok(page)
}

/// Reads on in every bucket that has few rows left, until each has some or is at its end.
async fn fill<F>(
    cursors: &mut [Cursor],
    left: PageLimit,
    in_flight: usize,
    seen: &mut Seen,
    fetch: &(impl Fn(i32, usize, PagingState) -> F + Sync),
) -> Result<()>
where
    F: Future<Output = Result<Fetched<Row>>> + Send,
{
    // One bucket first: where entries have become large, the others are asked for fewer.
    for alone in [true, false] {
        let held = cursors.iter().flat_map(|cursor| &cursor.rows).map(size).sum();
        let rows = seen.ask(left.entries, left.bytes.saturating_sub(held), cursors.len());
        if alone && rows <= FIRST_ROWS {
            continue;
        }
        let few = |cursor: &&mut Cursor| cursor.next.is_some() && cursor.rows.len() <= rows / 2;
        let reads = cursors.iter_mut().filter(few).take(if alone { 1 } else { usize::MAX });
        let reads = reads.map(|cursor| cursor.read_on(rows, fetch));
        let reads: Vec<_> = reads.collect();
        let came = stream::iter(reads).buffer_unordered(in_flight);
        seen.learn(came.try_fold(Seen::default(), async |most, came| Ok(most.max(came))).await?);
    }
    Ok(())
}

impl Cursor {
    fn new(bucket: i32) -> Self {
        Self { bucket, rows: VecDeque::new(), next: Some(PagingState::start()) }
    }

    /// Reads on, until there is a row or the end; says what came.
    ///
    /// A page may be empty without being the last: there are deleted rows.
    async fn read_on<F>(
        &mut self,
        rows: usize,
        fetch: &(impl Fn(i32, usize, PagingState) -> F + Sync),
    ) -> Result<Seen>
    where
        F: Future<Output = Result<Fetched<Row>>> + Send,
    {
        let mut came = Seen::default();
        while came.rows == 0
            && let Some(state) = self.next.take()
        {
            let (rows, next) = fetch(self.bucket, rows, state).await?;
            self.next = next;
            for (key, value) in rows {
                let row = (Bytes::from(key), Bytes::from(value));
                came = came.with(size(&row));
                self.rows.push_back(row);
            }
        }
        Ok(came)
    }
}

fn size((key, value): &(Bytes, Bytes)) -> usize {
    key.len() + value.len()
}

/// The cursor whose row comes next.
fn first(cursors: &[Cursor], order: Order) -> Option<usize> {
    let rows = cursors.iter().enumerate();
    let keys = rows.filter_map(|(at, cursor)| Some((&cursor.rows.front()?.0, at)));
    let found = match order {
        Order::Forward => keys.min(),
        Order::Backward => keys.max(),
    };
    found.map(|(_, at)| at)
}

#[cfg(test)]
mod tests;
