//! Scans: pages of the backend merged with what is buffered.

use std::{collections::VecDeque, iter::Peekable, sync::Arc};

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::Engine;
use crate::{
    Result,
    backend::{Changes, Commit, KeyRange, MapChange, MapId, Order, Page, PageLimit, Put},
};

/// What a source says of a key; `None` hides it.
type Entry = (Bytes, Option<Bytes>);
type Entries<'a> = Peekable<Box<dyn Iterator<Item = Entry> + Send + 'a>>;

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

/// What changes say of a key.
pub(super) fn written<'a>(changes: &'a Changes, map: MapId, key: &[u8]) -> Option<Option<&'a Put>> {
    match changes.get(&map)? {
        MapChange::Drop => Some(None),
        MapChange::Write(writes) => writes.get(key).map(Option::as_ref),
    }
}

fn entries<'a>(
    changes: &'a Changes,
    map: MapId,
    range: &KeyRange,
    order: Order,
) -> Box<dyn Iterator<Item = Entry> + Send + 'a> {
    let Some(MapChange::Write(writes)) = changes.get(&map).filter(|_| !range.is_empty()) else {
        return Box::new(std::iter::empty());
    };
    let writes = writes.range::<[u8], _>(range.as_bounds());
    let entry = |(key, put): (&Bytes, &Option<Put>)| {
        (key.clone(), put.as_ref().map(|put| put.value.clone()))
    };
    match order {
        Order::Forward => Box::new(writes.map(entry)),
        Order::Backward => Box::new(writes.rev().map(entry)),
    }
}

impl Engine {
    /// Everything of a map in a range, in order, in bounded memory.
    ///
    /// Each page sees the writes made before it was fetched.
    pub(crate) fn scan(
        self: &Arc<Self>,
        map: MapId,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        let engine = self.clone();
        let pages = stream::try_unfold(Some(range), move |range| {
            let engine = engine.clone();
            async move {
                let Some(range) = range else { return Ok(None) };
                let page = engine.page(map, &range, order).await?;
                let rest = page.resume.map(|last| range.after(last, order));
                Ok(Some((stream::iter(page.entries).map(Ok), rest)))
            }
        });
        pages.try_flatten().boxed()
    }

    async fn page(&self, map: MapId, range: &KeyRange, order: Order) -> Result<Page> {
        let limit = self.config.page();
        let view = self.view(map, range, order, limit)?;
        if view.dropped || range.is_empty() {
            return Ok(Page::default());
        }
        let stored = self.writer.scan(map, range, order, limit).await?;
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
    /// Merges with a page of the backend: of each key the newest says what it is.
    fn merge(
        self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
        stored: Page,
    ) -> Page {
        let before = |a: &Bytes, b: &Bytes| match order {
            Order::Forward => a < b,
            Order::Backward => b < a,
        };
        // Nothing is known of the stored or active entries behind the nearer of these two.
        let ends = [stored.resume, self.active_end].into_iter().flatten();
        let end = ends.reduce(|a, b| if before(&b, &a) { b } else { a });

        let mut newest_first: VecDeque<Entries<'_>> = VecDeque::new();
        newest_first.push_back(boxed(self.active.into_iter()));
        for commit in &self.frozen {
            newest_first.push_back(entries(commit.changes(), map, range, order).peekable());
        }
        newest_first.push_back(boxed(stored.entries.into_iter().map(|(k, v)| (k, Some(v)))));

        let mut page = Page::default();
        let mut bytes = 0;
        loop {
            let nearest = newest_first.iter_mut().filter_map(|entries| entries.peek());
            let nearest = nearest.map(|(key, _)| key);
            let Some(key) = nearest.reduce(|a, b| if before(b, a) { b } else { a }).cloned() else {
                page.resume = end;
                return page;
            };
            if end.as_ref().is_some_and(|end| before(end, &key)) {
                page.resume = end;
                return page;
            }
            let mut value = None;
            for entries in &mut newest_first {
                if let Some((_, said)) = entries.next_if(|(other, _)| *other == key) {
                    value = value.or(Some(said));
                }
            }
            if let Some(Some(value)) = value {
                bytes += key.len() + value.len();
                page.entries.push((key.clone(), value));
                if limit.is_reached(page.entries.len(), bytes) {
                    page.resume = Some(key);
                    return page;
                }
            }
        }
    }
}

fn boxed<'a>(entries: impl Iterator<Item = Entry> + Send + 'a) -> Entries<'a> {
    let boxed: Box<dyn Iterator<Item = Entry> + Send + 'a> = Box::new(entries);
    boxed.peekable()
}
