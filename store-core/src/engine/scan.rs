//! Scans: pages of the backend merged with what is buffered.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;

use super::Engine;
use crate::{
    Result,
    backend::{Commit, KeyRange, MapId, Order, Page, PageLimit},
    merge::{Entry, entries, merge},
    paging, sabotage,
};

/// A page's view of the buffers, taken before the backend is asked.
///
/// That order rules out holes: a write that leaves the buffers after the view was taken is in the view, and one that
/// left before is in the backend.
#[derive(Debug)]
pub(super) struct View {
    /// The beginning of the active writes in the range, in order.
    active: Vec<Entry>,
    /// The last key of `active`, where there may be more behind it.
    active_end: Option<Bytes>,
    /// Frozen commits, newest first.
    frozen: Vec<Arc<Commit>>,
    dropped: bool,
}

impl Engine {
    /// Everything of a map in a range, in order, in bounded memory.
    ///
    /// Each page sees the writes made before it was fetched, and holds at most `limit`.
    pub(crate) fn scan(
        self: &Arc<Self>,
        map: MapId,
        range: KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        let engine = self.clone();
        paging::entries(range, order, move |range| {
            let engine = engine.clone();
            async move { engine.page(map, &range, order, limit).await }
        })
    }

    /// The largest page, as configured.
    pub(crate) const fn page_limit(&self) -> PageLimit {
        self.config.page()
    }

    async fn page(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let mut view = self.view(map, range, order, limit)?;
        if view.dropped || range.is_empty() {
            return Ok(Page::default());
        }
        let stored = self.writer.scan(map, range, order, limit).await?;
        if sabotage::is_on("engine::late-view") {
            view = self.view(map, range, order, limit)?;
        }
        self.state.lock().check(&self.task)?;
        if view.active.is_empty() && view.frozen.is_empty() {
            return Ok(stored);
        }
        Ok(view.merge(map, range, order, limit, stored))
    }

    fn view(&self, map: MapId, range: &KeyRange, order: Order, limit: PageLimit) -> Result<View> {
        let state = self.state.lock();
        state.check(&self.task)?;
        let mut buffered = entries(state.active.changes(), map, range, order);
        if sabotage::is_on("engine::deletes-shown") {
            buffered = Box::new(buffered.filter(|(_, value)| value.is_some()));
        }
        let active: Vec<_> = buffered.by_ref().take(limit.entries).collect();
        let more = buffered.next().is_some();
        let active_end = active.last().filter(|_| more).map(|(key, _)| key.clone());
        let touches = |commit: &&Arc<Commit>| commit.changes().contains_key(&map);
        let frozen = state.frozen.iter().rev().map(|frozen| &frozen.commit);
        let frozen = frozen.filter(touches).cloned().collect();
        Ok(View { active, active_end, frozen, dropped: state.is_dropped(map) })
    }
}

impl View {
    /// Merges with a page of the backend.
    fn merge(
        self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
        stored: Page,
    ) -> Page {
        let active: Box<dyn Iterator<Item = Entry> + Send> = Box::new(self.active.into_iter());
        let frozen = self.frozen.iter();
        let frozen = frozen.map(|commit| entries(commit.changes(), map, range, order));
        let newest_first = std::iter::once(active).chain(frozen).collect();
        merge(newest_first, stored, self.active_end, order, limit)
    }
}
