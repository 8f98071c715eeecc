//! Reads of one task.

use std::{ops::Bound, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::{OptionalExtension, Row, ToSql, Transaction, params, params_from_iter};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher, TaskId,
        TaskReader,
    },
};

use crate::{
    error::Stop,
    file::File,
    layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, map_name},
};

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("sqlite", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities.exact_len = true;
    capabilities
};

/// Reads one task, as its owner or as anybody.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) file: Arc<File>,
    pub(crate) task: TaskId,
    id: i64,
    /// For anybody: how often the task had been destroyed; the next time ends the reader.
    life: Option<i64>,
    capabilities: Capabilities,
}

impl Reader {
    pub(crate) const fn of_owner(file: Arc<File>, task: TaskId, id: i64) -> Self {
        Self { file, task, id, life: None, capabilities: CAPABILITIES }
    }

    pub(crate) const fn of_anybody(file: Arc<File>, task: TaskId, id: i64, life: i64) -> Self {
        Self { file, task, id, life: Some(life), capabilities: CAPABILITIES }
    }

    /// Answers from one moment of the task, by its number in the file.
    async fn look<T: Send + 'static>(
        &self,
        doing: &str,
        answer: impl FnOnce(&Transaction<'_>, i64) -> Result<T, Stop> + Send + 'static,
    ) -> Result<T> {
        let (task, id, expected) = (self.task.clone(), self.id, self.life);
        let look = move |file: &Transaction<'_>| {
            let mut lives = file.prepare_cached("SELECT life FROM tasks WHERE id = ?")?;
            let life: i64 = lives.query_one([id], |row| row.get(0))?;
            if expected.is_some_and(|expected| expected != life) {
                let message = format!("task {task} was destroyed");
                return Err(Error::new(ErrorKind::NotFound, message).into());
            }
            answer(file, id)
        };
        self.file.read(format!("{doing} task {}", self.task), look).await
    }
}

fn page(
    file: &Transaction<'_>,
    (id, map): (i64, MapId),
    range: &KeyRange,
    order: Order,
    limit: PageLimit,
) -> Result<Page, Stop> {
    let mut sql = "SELECT key, value FROM entries WHERE task = ? AND map = ?".to_owned();
    let (start, end) = range.as_bounds();
    let name = map_name(map);
    let mut values: Vec<&dyn ToSql> = vec![&id, &name];
    for (bound, included, excluded) in
        [(&start, " AND key >= ?", " AND key > ?"), (&end, " AND key <= ?", " AND key < ?")]
    {
        match bound {
            Bound::Unbounded => continue,
            Bound::Included(key) => values.push(key),
            Bound::Excluded(key) => values.push(key),
        }
        sql += if matches!(bound, Bound::Included(_)) { included } else { excluded };
    }
    sql += match order {
        Order::Forward => " ORDER BY key",
        Order::Backward => " ORDER BY key DESC",
    };
    let entry = |row: &Row<'_>| Ok((bytes(row, 0)?, bytes(row, 1)?));
    let mut entries = file.prepare_cached(&sql)?;
    let entries = entries.query_map(params_from_iter(values), entry)?;
    // Takes rows one by one and stops at the limit; it also says where to go on.
    Ok(Page::collect(entries, limit)?)
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(row.get::<_, Vec<u8>>(column)?.into())
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let keys = keys.to_vec();
        let get_all = move |file: &Transaction<'_>, id: i64| {
            let sql = "SELECT value FROM entries WHERE task = ? AND map = ? AND key = ?";
            let mut value = file.prepare_cached(sql)?;
            let mut get = |(map, key): &(MapId, Bytes)| {
                let found =
                    value.query_one(params![id, map_name(*map), &key[..]], |row| bytes(row, 0));
                found.optional().map_err(Stop::from)
            };
            keys.iter().map(&mut get).collect()
        };
        self.look("read", get_all).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let range = range.clone();
        self.look("scan", move |file, id| page(file, (id, map), &range, order, limit)).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let sql = "SELECT count(*) FROM entries WHERE task = ? AND map = ?";
        let count = move |file: &Transaction<'_>, id: i64| {
            let columns = params![id, map_name(map)];
            Ok(file.query_one(sql, columns, |row| row.get::<_, i64>(0))?.cast_unsigned())
        };
        self.look("count entries of", count).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        let sql = "SELECT checkpoint FROM tasks WHERE id = ?";
        let stored = move |file: &Transaction<'_>, id: i64| {
            Ok(file.query_one(sql, [id], |row| bytes(row, 0))?)
        };
        Checkpoint::decode(&self.look("read the checkpoint of", stored).await?)
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
