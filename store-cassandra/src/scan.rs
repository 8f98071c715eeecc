//! Pages of a map, merged from its buckets.

use std::{collections::VecDeque, ops::ControlFlow, sync::PoisonError};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use scylla::{response::PagingState, statement::prepared::PreparedStatement};
use store_core::{
    Result,
    backend::{KeyRange, MapId, Order, Page, PageLimit},
};

use crate::{
    error::{failed, unreadable},
    layout::{MapColumns, end, start},
    task::CassandraTask,
};

/// What is read of one bucket.
struct Cursor {
    bucket: i32,
    rows: VecDeque<(Bytes, Bytes)>,
    /// Where to go on; none at the end.
    next: Option<PagingState>,
}

/// The columns and ends of a range, and the statement that takes them.
struct Query {
    statement: PreparedStatement,
    map: MapColumns,
    low: Bytes,
    high: Option<Bytes>,
}

impl CassandraTask {
    /// One page: the buckets' rows in order, until the limit is reached.
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
        let buckets = self.buckets().await?;
        let (low, high) = (start(range), end(range));
        let statements = &self.shared.statements;
        let statement = match (order, &high) {
            (Order::Forward, None) => &statements.forward,
            (Order::Forward, Some(_)) => &statements.forward_to,
            (Order::Backward, None) => &statements.backward,
            (Order::Backward, Some(_)) => &statements.backward_to,
        };
        let mut query = Query { statement: statement.clone(), map: map.into(), low, high };
        let mut cursors: Vec<_> = buckets
            .all(map)
            .map(|bucket| Cursor {
                bucket,
                rows: VecDeque::new(),
                next: Some(PagingState::start()),
            })
            .collect();
        let (mut page, mut bytes) = (Page::default(), 0);
        while !limit.is_reached(page.entries.len(), bytes) {
            if cursors.iter().any(|cursor| cursor.rows.is_empty() && cursor.next.is_some()) {
                let left = limit.entries.saturating_sub(page.entries.len());
                self.fill(&mut query, map, &mut cursors, left, limit.bytes).await?;
            }
            let Some(first) = first(&cursors, order) else { return Ok(page) };
            // Invariant: the cursor that is first has a row.
            let (key, value) = cursors[first].rows.pop_front().expect("a row");
            bytes += key.len() + value.len();
            page.entries.push((key, value));
        }
        page.resume = page.entries.last().map(|(key, _)| key.clone());
        Ok(page)
    }

    /// Reads on in every bucket that has few rows left, until each has some or is at its end.
    async fn fill(
        &self,
        query: &mut Query,
        map: MapId,
        cursors: &mut [Cursor],
        left: usize,
        bytes: usize,
    ) -> Result<()> {
        let share = left.div_ceil(cursors.len());
        // A little more than its share, since keys are not spread evenly.
        let share = share + share / 4 + 2;
        let known = self.sizes.lock().unwrap_or_else(PoisonError::into_inner).get(&map).copied();
        let fits = known.map_or(UNKNOWN_ROWS, |size| bytes / cursors.len() / size.max(1) + 1);
        let rows = share.min(fits).min(MOST_ROWS);
        query.statement.set_page_size(i32::try_from(rows).unwrap_or(i32::MAX));
        let few = |cursor: &&mut Cursor| cursor.next.is_some() && cursor.rows.len() <= rows / 2;
        let reads: Vec<_> =
            cursors.iter_mut().filter(few).map(|cursor| self.read_on(query, cursor)).collect();
        let sizes = stream::iter(reads).buffer_unordered(self.shared.config.in_flight);
        let (count, sum) = sizes
            .try_fold((0, 0), async |(count, sum), (rows, bytes)| Ok((count + rows, sum + bytes)))
            .await?;
        if let Some(size) = sum.checked_div(count) {
            let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
            sizes.insert(map, size);
        }
        Ok(())
    }

    /// Reads the next rows of a bucket; says how many, and their bytes.
    async fn read_on(&self, query: &Query, cursor: &mut Cursor) -> Result<(usize, usize)> {
        let (mut count, mut sum) = (0, 0);
        // A page may be empty without being the last: there are deleted rows.
        while count == 0
            && let Some(state) = cursor.next.take()
        {
            let doing = || format!("scan task {}", self.task);
            let MapColumns { store, cut, segment } = query.map;
            let (session, statement) = (&self.shared.session, &query.statement);
            let answer = match &query.high {
                None => {
                    let values = (&self.name, store, cut, segment, cursor.bucket, &query.low);
                    session.execute_single_page(statement, values, state).await
                }
                Some(high) => {
                    let values = (&self.name, store, cut, segment, cursor.bucket, &query.low, high);
                    session.execute_single_page(statement, values, state).await
                }
            };
            let (answer, more) = answer.map_err(|error| failed(doing(), error))?;
            if let ControlFlow::Continue(state) = more.into_paging_control_flow() {
                cursor.next = Some(state);
            }
            let rows = answer.into_rows_result().map_err(|error| unreadable(doing(), error))?;
            let rows = rows.rows::<(&[u8], &[u8])>().map_err(|error| unreadable(doing(), error))?;
            for row in rows {
                let (key, value) = row.map_err(|error| unreadable(doing(), error))?;
                count += 1;
                sum += key.len() + value.len();
                // Copied, since a slice would keep the whole answer in memory as long as one entry.
                cursor.rows.push_back((Bytes::copy_from_slice(key), Bytes::copy_from_slice(value)));
            }
        }
        Ok((count, sum))
    }
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

/// Rows asked of a bucket while nothing is known of their size.
const UNKNOWN_ROWS: usize = 8;

/// Rows asked of a bucket at most.
const MOST_ROWS: usize = 2000;
