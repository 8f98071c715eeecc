//! The rows of several partitions in the order of their keys.

use std::{collections::VecDeque, future::Future};

use anyhow::Result;
use bytes::Bytes;
use futures::future::try_join_all;
use scylla::response::PagingState;

/// Rows, and where to go on; none at the end.
pub(super) type Fetched = (VecDeque<(Bytes, Bytes)>, Option<PagingState>);

/// What is read of one partition.
pub(super) struct Cursor {
    bucket: u64,
    rows: VecDeque<(Bytes, Bytes)>,
    next: Option<PagingState>,
}

impl Cursor {
    pub(super) fn new(bucket: u64) -> Self {
        Self { bucket, rows: VecDeque::new(), next: Some(PagingState::start()) }
    }

    async fn read_on<F>(&mut self, fetch: &(impl Fn(u64, PagingState) -> F + Sync)) -> Result<()>
    where
        F: Future<Output = Result<Fetched>> + Send,
    {
        let Some(state) = self.next.take() else { return Ok(()) };
        let (rows, next) = fetch(self.bucket, state).await?;
        self.rows.extend(rows);
        self.next = next;
        Ok(())
    }
}

/// Where a partition has no row left, reads on in all that have few, at once.
pub(super) async fn fill<F>(
    cursors: &mut [Cursor],
    few: usize,
    fetch: &(impl Fn(u64, PagingState) -> F + Sync),
) -> Result<()>
where
    F: Future<Output = Result<Fetched>> + Send,
{
    while cursors.iter().any(|cursor| cursor.rows.is_empty() && cursor.next.is_some()) {
        let few = cursors.iter_mut().filter(|cursor| cursor.rows.len() <= few);
        try_join_all(few.map(|cursor| cursor.read_on(fetch))).await?;
    }
    Ok(())
}

/// Takes the row that comes first.
pub(super) fn pop(cursors: &mut [Cursor]) -> Option<(Bytes, Bytes)> {
    let there = cursors.iter_mut().filter(|cursor| !cursor.rows.is_empty());
    let first = there.min_by(|a, b| a.rows[0].0.cmp(&b.rows[0].0));
    first?.rows.pop_front()
}
