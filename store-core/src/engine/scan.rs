//! Scans: pages of the backend merged with what is buffered.

use std::sync::Arc;

use super::{
    Engine,
    cache::Cache,
    state::{Frozen, State},
};
use crate::{
    Result,
    backend::{KeyRange, MapId, Order, Overlay, Page, PageLimit},
    merge::entries,
    paging::{self, Entries, Fetched, Together},
    sabotage,
};

/// Entries of a scan that are kept under one hold of the lock.
const SHOWN_AT_ONCE: usize = 64;

/// A page's view of the buffers, taken before the backend is asked.
///
/// It holds a page of each buffer and not the buffer, which may be gone before the caller of a scan asks for more.
#[derive(Debug)]
pub(super) struct View {
    /// The writes in the range: active ones, then those of frozen commits.
    buffered: Overlay,
    /// The map holds nothing, nor do the buffers.
    absent: bool,
    /// Only the buffers may hold something.
    nothing_stored: bool,
}

/// How far a scan has come.
#[derive(Clone, Debug)]
struct Rest {
    range: KeyRange,
    seen: Seen,
}

/// Whether a scan shows the whole map to the cache.
#[derive(Clone, Copy, Debug)]
enum Seen {
    /// It begins now, if nothing is buffered.
    Begins,
    /// All so far is in the cache, if nothing came in between.
    Since { generation: u64, kept: u64, evictions: u64, weight: usize },
    /// Something came in between, or a part was asked for.
    No,
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
    ) -> Entries {
        let engine = self.clone();
        paging::entries(self.start(range), self.is_remote(), move |rest| {
            engine.clone().fetch(map, rest, order, limit)
        })
    }

    /// Everything of several maps in a range, one after the other.
    pub(crate) fn scan_maps(
        self: &Arc<Self>,
        maps: impl Iterator<Item = MapId>,
        range: KeyRange,
        order: Order,
        limit: PageLimit,
        together: Together,
    ) -> Entries {
        let engine = self.clone();
        let this = self.clone();
        let starts = maps.map(move |map| (map, this.start(range.clone()))).collect();
        paging::one_after_the_other(starts, self.is_remote(), together, move |(map, rest)| {
            let fetched = engine.clone().fetch(map, rest, order, limit);
            async move {
                let (page, rest) = fetched.await?;
                Ok((page, rest.map(|rest| (map, rest))))
            }
        })
    }

    /// The largest page, as configured.
    pub(crate) const fn page_limit(&self) -> PageLimit {
        self.config.page()
    }

    fn is_remote(&self) -> bool {
        self.writer.local().is_none()
    }

    fn start(&self, range: KeyRange) -> Rest {
        let whole = range == KeyRange::ALL && self.is_remote();
        Rest { range, seen: if whole { Seen::Begins } else { Seen::No } }
    }

    async fn fetch(
        self: Arc<Self>,
        map: MapId,
        mut rest: Rest,
        order: Order,
        limit: PageLimit,
    ) -> Result<Fetched<Rest>> {
        let mut page = self.page(map, &mut rest, order, limit).await?;
        let Rest { range, seen } = rest;
        let rest = page.resume.take().map(|last| Rest { range: range.after(last, order), seen });
        Ok((page, rest))
    }

    async fn page(
        &self,
        map: MapId,
        rest: &mut Rest,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let range = &rest.range;
        let mut view = self.view(map, range, order, limit, &mut rest.seen)?;
        if view.absent || range.is_empty() {
            return Ok(Page::default());
        }
        let stored = match view.nothing_stored {
            true => Page::default(),
            false => self.writer.scan(map, range, order, limit).await?,
        };
        if sabotage::is_on("engine::late-view") {
            view = self.view(map, range, order, limit, &mut Seen::No)?;
        }
        self.state.lock().check(&self.task)?;
        self.show(map, &mut rest.seen, &stored);
        Ok(view.buffered.over(stored, order, limit))
    }

    /// Fills the cache from a scan of a whole map, as long as nothing is written, rolled back or evicted meanwhile.
    fn show(&self, map: MapId, seen: &mut Seen, stored: &Page) {
        for entries in stored.entries.chunks(SHOWN_AT_ONCE) {
            let mut state = self.state.lock();
            state.go_on(map, seen);
            let Seen::Since { weight, .. } = seen else { return };
            for (key, value) in entries {
                *weight += Cache::weight(key, value);
                state.known.insert(map, key, Some(value));
            }
        }
        if stored.resume.is_none() {
            let mut state = self.state.lock();
            state.go_on(map, seen);
            if let Seen::Since { evictions, .. } = seen {
                state.known.map(map).seen_whole(*evictions);
            }
        }
    }

    fn view(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
        seen: &mut Seen,
    ) -> Result<View> {
        let mut state = self.state.lock();
        state.check(&self.task)?;
        let absent = state.is_dropped(map) || state.is_unlisted(map);
        let nothing_stored = !absent && self.cached && state.known.map(map).is_empty();
        state.go_on(map, seen);
        let frozen = state.frozen.iter().rev().map(|frozen| frozen.commit.changes());
        let mut view = View { buffered: Overlay::default(), absent, nothing_stored };
        for (age, changes) in std::iter::once(state.active.changes()).chain(frozen).enumerate() {
            let mut buffered = entries(changes, map, range, order);
            if age == 0 && sabotage::is_on("engine::deletes-shown") {
                buffered = Box::new(buffered.filter(|(_, value)| value.is_some()));
            }
            view.buffered.add_older(buffered, limit);
        }
        Ok(view)
    }
}

impl State {
    /// Whether a scan still shows the whole map: none of its writes is buffered, and none came and went since it began.
    fn go_on(&mut self, map: MapId, seen: &mut Seen) {
        if matches!(seen, Seen::No) {
            return;
        }
        let touches = |frozen: &Frozen| frozen.commit.changes().contains_key(&map);
        let clean = !self.active.changes().contains_key(&map) && !self.frozen.iter().any(touches);
        let generation = self.generation;
        let scan_bytes = self.known.scan_bytes();
        let known = self.known.map(map);
        let (kept, evictions) = (known.kept(), known.evictions());
        *seen = match *seen {
            _ if !clean => Seen::No,
            Seen::Begins => Seen::Since { generation, kept, evictions, weight: 0 },
            Seen::Since { weight, generation: g, kept: k, evictions: e }
                if weight <= scan_bytes && (g, k, e) == (generation, kept, evictions) =>
            {
                *seen
            }
            Seen::Since { .. } | Seen::No => Seen::No,
        };
    }
}
