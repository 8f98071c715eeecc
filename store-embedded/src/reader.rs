//! Reads of one task: each call answers from one snapshot of the engine, so from one whole commit.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fjall::{Guard, Readable, UserKey};
use store_core::{
    Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher, TaskId,
        TaskReader,
    },
};

use crate::{
    backend::Shared,
    layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, bounds, key, user_key},
};

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("embedded", MAX_KEY_BYTES, MAX_VALUE_BYTES);
    capabilities.persistent = true;
    capabilities
};

/// Reads one task.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) shared: Arc<Shared>,
    pub(crate) task: TaskId,
    capabilities: Capabilities,
}

impl Reader {
    pub(crate) const fn new(shared: Arc<Shared>, task: TaskId) -> Self {
        Self { shared, task, capabilities: CAPABILITIES }
    }
}

fn entry(guard: Guard) -> Result<(Bytes, Bytes), fjall::Error> {
    let (key, value): (UserKey, UserKey) = guard.into_inner()?;
    Ok((user_key(&Bytes::from(key)), Bytes::from(value)))
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let handles = self.shared.engine.in_use()?;
        let snapshot = handles.database.snapshot();
        let get = |(map, user_key): &(MapId, Bytes)| {
            let Some(keyspace) = handles.map(&self.task, *map)? else { return Ok(None) };
            let value = snapshot.get(&keyspace, key(user_key));
            Ok(value.map_err(|error| handles.failed("read", error))?.map(Bytes::from))
        };
        keys.iter().map(get).collect()
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let handles = self.shared.engine.in_use()?;
        let keyspace = handles.map(&self.task, map)?;
        let Some(keyspace) = keyspace.filter(|_| !range.is_empty()) else {
            return Ok(Page::default());
        };
        let entries = handles.database.snapshot().range(&keyspace, bounds(range));
        let page = match order {
            Order::Forward => Page::collect(entries.map(entry), limit),
            Order::Backward => Page::collect(entries.rev().map(entry), limit),
        };
        page.map_err(|error| handles.failed("scan", error))
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let handles = self.shared.engine.in_use()?;
        let keyspace = handles.map(&self.task, map)?;
        // The mark is no entry.
        Ok(keyspace.map_or(0, |keyspace| keyspace.approximate_len().saturating_sub(1) as u64))
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(self.shared.record(&*self.shared.engine.in_use()?, &self.task)?.checkpoint)
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
