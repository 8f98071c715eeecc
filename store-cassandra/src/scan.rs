//! Scans: what is asked of each bucket of a map.

use std::sync::PoisonError;

use bytes::Bytes;
use scylla::{response::PagingState, statement::prepared::PreparedStatement};
use store_core::{
    Result,
    backend::{KeyRange, MapId, Order, Page, PageLimit},
    seen::Seen,
};

use crate::{
    answer::Fetched,
    layout::{MapColumns, end, start},
    merge::{Row, merged},
    task::CassandraTask,
};

/// The columns and ends of a range, and the statement that takes them.
struct Query<'a> {
    statement: &'a PreparedStatement,
    map: MapColumns,
    low: Bytes,
    high: Option<Bytes>,
}

impl CassandraTask {
    pub(crate) async fn page(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let buckets = self.buckets().await?.all(map);
        let (low, high) = (start(range), end(range));
        let statements = &self.shared.statements;
        let statement = match (order, &high) {
            (Order::Forward, None) => &statements.forward,
            (Order::Forward, Some(_)) => &statements.forward_to,
            (Order::Backward, None) => &statements.backward,
            (Order::Backward, Some(_)) => &statements.backward_to,
        };
        let query = Query { statement, map: map.into(), low, high };
        let fetch = |bucket, rows, state| self.fetch(&query, bucket, rows, state);
        let mut seen = self.seen(map);
        let in_flight = self.shared.config.in_flight;
        let page = merged(buckets, order, limit, in_flight, &mut seen, fetch).await;
        // An error may come of asking for too much: the next try is a small one.
        self.remember(map, if page.is_ok() { seen } else { Seen::default() });
        page
    }

    async fn fetch(
        &self,
        query: &Query<'_>,
        bucket: i32,
        rows: usize,
        state: PagingState,
    ) -> Result<Fetched<Row>> {
        let doing = self.doing("scan");
        let MapColumns { store, cut, segment } = query.map;
        let (shared, low) = (&self.shared, &query.low);
        let mut statement = query.statement.clone();
        statement.set_page_size(i32::try_from(rows).unwrap_or(i32::MAX));
        match &query.high {
            None => {
                let values = (&self.name, store, cut, segment, bucket, low);
                shared.ask_page(&statement, values, state, doing).await
            }
            Some(high) => {
                let values = (&self.name, store, cut, segment, bucket, low, high);
                shared.ask_page(&statement, values, state, doing).await
            }
        }
    }

    /// What the entries of the map's store are like.
    pub(crate) fn seen(&self, map: MapId) -> Seen {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&map.store).copied().unwrap_or_default()
    }

    /// Takes in what reads of single keys have shown.
    pub(crate) fn learn(&self, map: MapId, came: Seen) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.entry(map.store).or_default().learn(came);
    }

    fn remember(&self, map: MapId, seen: Seen) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(map.store, seen);
    }
}
