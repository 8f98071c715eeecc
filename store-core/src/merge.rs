//! Merges ordered sources: of each key the newest says what it is.

use std::iter::Peekable;

use bytes::Bytes;

use crate::backend::{Changes, KeyRange, MapChange, MapId, Order, Page, PageLimit, Put};

/// What a source says of a key; `None` hides it.
pub(crate) type Entry = (Bytes, Option<Bytes>);

type Source<'a> = Box<dyn Iterator<Item = Entry> + Send + 'a>;

/// The writes of changes to one map in a range, in order.
pub(crate) fn entries<'a>(
    changes: &'a Changes,
    map: MapId,
    range: &KeyRange,
    order: Order,
) -> Source<'a> {
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

/// Writes that are laid over a stored page: of each source as many as a page has room for.
///
/// Taken before the page is read, so that there are no holes: a write that leaves its source meanwhile is still in here, and
/// one that left before is in the page.
#[derive(Debug, Default)]
pub struct Overlay {
    newest_first: Vec<Vec<Entry>>,
    /// The last key of each source that has more behind it.
    ends: Vec<Bytes>,
}

impl Overlay {
    /// Adds writes that are older than those before, in the order of the page; `None` hides what is stored.
    pub fn add_older(
        &mut self,
        writes: impl IntoIterator<Item = (Bytes, Option<Bytes>)>,
        limit: PageLimit,
    ) {
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut writes = writes.into_iter();
        for (key, value) in writes.by_ref() {
            bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
            entries.push((key, value));
            if limit.is_reached(entries.len(), bytes) {
                break;
            }
        }
        let more = writes.next().is_some();
        self.ends.extend(entries.last().filter(|_| more).map(|(key, _)| key.clone()));
        if !entries.is_empty() {
            self.newest_first.push(entries);
        }
    }

    /// The page with the writes in it; it ends where one of its sources does.
    #[must_use]
    pub fn over(self, stored: Page, order: Order, limit: PageLimit) -> Page {
        if self.newest_first.is_empty() {
            return stored;
        }
        let source = |entries: Vec<Entry>| -> Source<'_> { Box::new(entries.into_iter()) };
        let newest_first = self.newest_first.into_iter().map(source).collect();
        merge(newest_first, stored, self.ends, order, limit)
    }
}

/// What changes say of a key: `None` for nothing, `Some(None)` for deleted; a dropped map deletes all its keys.
#[must_use]
pub fn written<'a>(changes: &'a Changes, map: MapId, key: &[u8]) -> Option<Option<&'a Put>> {
    match changes.get(&map)? {
        MapChange::Drop => Some(None),
        MapChange::Write(writes) => writes.get(key).map(Option::as_ref),
    }
}

/// Lays sources, newest first, over a stored page; `ends` are the last keys of those that were cut short.
pub(crate) fn merge(
    newest_first: Vec<Source<'_>>,
    stored: Page,
    ends: impl IntoIterator<Item = Bytes>,
    order: Order,
    limit: PageLimit,
) -> Page {
    let before = |a: &Bytes, b: &Bytes| match order {
        Order::Forward => a < b,
        Order::Backward => b < a,
    };
    // Nothing is known behind the nearest of these.
    let ends = stored.resume.into_iter().chain(ends);
    let end = ends.reduce(|a, b| if before(&b, &a) { b } else { a });

    let mut page = Page { packed: stored.packed, ..Page::default() };
    let stored = stored.entries.into_iter().map(|(key, value)| (key, Some(value)));
    let stored: Source<'_> = Box::new(stored);
    let sources = newest_first.into_iter().chain([stored]);
    let mut sources: Vec<Peekable<Source<'_>>> = sources.map(Iterator::peekable).collect();

    let mut bytes = 0;
    loop {
        let nearest = sources.iter_mut().filter_map(|entries| entries.peek()).map(|(key, _)| key);
        let nearest = nearest.reduce(|a, b| if before(b, a) { b } else { a }).cloned();
        let within = |key: &Bytes| end.as_ref().is_none_or(|end| !before(end, key));
        let Some(key) = nearest.filter(within) else {
            page.resume = end;
            return page;
        };
        let mut newest = None;
        for entries in &mut sources {
            if let Some((_, said)) = entries.next_if(|(other, _)| *other == key) {
                newest = newest.or(Some(said));
            }
        }
        if let Some(Some(value)) = newest {
            bytes += key.len() + value.len();
            page.entries.push((key.clone(), value));
            if limit.is_reached(page.entries.len(), bytes) {
                // A part of a packed page would keep it.
                page.resume = Some(if page.packed { Bytes::copy_from_slice(&key) } else { key });
                return page;
            }
        }
    }
}
