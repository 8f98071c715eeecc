//! Reads of one task: each call answers from one view, so from one whole commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use async_trait::async_trait;
use bytes::Bytes;
use fjall::{Guard, Keyspace, Readable, UserValue};
use store_core::{
    Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher, TaskId,
        TaskReader,
    },
};

use crate::{
    backend::Shared,
    error::panicked,
    layout::{MAX_KEY_BYTES, MAX_VALUE_BYTES, bounds, key, user_key},
    view::View,
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

    /// Answers from one view.
    fn look<T>(&self, answer: impl FnOnce(&View) -> Result<T>) -> Result<T> {
        let handles = self.shared.engine.in_use()?;
        let view = handles.view();
        // The engine panics over some damaged files; it is only read here, so nothing is left half done.
        catch_unwind(AssertUnwindSafe(|| answer(&view))).unwrap_or_else(|_| Err(panicked()))
    }
}

/// Copies a small value out of its block, which it would keep in memory as a whole.
fn own(value: UserValue) -> Bytes {
    if value.len() < ALONE { Bytes::copy_from_slice(&value) } else { value.into() }
}

/// Values from this size on, in bytes, have blocks of their own or nearly so.
const ALONE: usize = 4096;

fn entry(guard: Guard) -> Result<(Bytes, Bytes), fjall::Error> {
    let (key, value) = guard.into_inner()?;
    Ok((Bytes::copy_from_slice(user_key(&key)), own(value)))
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.look(|view| {
            let get = |(map, user_key): &(MapId, Bytes)| {
                let Some(keyspace) = view.map(&self.task, *map) else { return Ok(None) };
                let value = view.snapshot.get(keyspace, key(user_key));
                Ok(value.map_err(|error| view.failed("read", error))?.map(own))
            };
            keys.iter().map(get).collect()
        })
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.look(|view| {
            let keyspace = view.map(&self.task, map).filter(|_| !range.is_empty());
            let Some(keyspace) = keyspace else { return Ok(Page::default()) };
            let entries = view.snapshot.range(keyspace, bounds(range));
            let page = match order {
                Order::Forward => Page::collect(entries.map(entry), limit),
                Order::Backward => Page::collect(entries.rev().map(entry), limit),
            };
            page.map_err(|error| view.failed("scan", error))
        })
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.look(|view| {
            let entries = view.map(&self.task, map).map_or(0, Keyspace::approximate_len);
            // The mark is no entry.
            Ok(entries.saturating_sub(1) as u64)
        })
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.look(|view| Ok(view.record(&self.task)?.checkpoint))
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
