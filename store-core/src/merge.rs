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

/// What changes say of a key: `None` for nothing, `Some(None)` for deleted; a dropped map deletes all its keys.
#[must_use]
pub fn written<'a>(changes: &'a Changes, map: MapId, key: &[u8]) -> Option<Option<&'a Put>> {
    match changes.get(&map)? {
        MapChange::Drop => Some(None),
        MapChange::Write(writes) => writes.get(key).map(Option::as_ref),
    }
}

/// What a page has room for of a source, and its last key where there is more behind it.
pub(crate) fn beginning(mut source: Source<'_>, limit: PageLimit) -> (Vec<Entry>, Option<Bytes>) {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for (key, value) in source.by_ref() {
        bytes += key.len() + value.as_ref().map_or(0, Bytes::len);
        entries.push((key, value));
        if limit.is_reached(entries.len(), bytes) {
            break;
        }
    }
    let more = source.next().is_some();
    let end = entries.last().filter(|_| more).map(|(key, _)| key.clone());
    (entries, end)
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

    let stored = stored.entries.into_iter().map(|(key, value)| (key, Some(value)));
    let stored: Source<'_> = Box::new(stored);
    let sources = newest_first.into_iter().chain([stored]);
    let mut sources: Vec<Peekable<Source<'_>>> = sources.map(Iterator::peekable).collect();

    let mut page = Page::default();
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
                page.resume = Some(key);
                return page;
            }
        }
    }
}
