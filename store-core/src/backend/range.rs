//! Ranges of keys, and the pages a scan of them comes in.

use std::{
    fmt,
    ops::{Bound, RangeBounds},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Changes, MapChange, MapId};
use crate::merge::{entries, merge};

/// The direction of a scan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "there are two directions")]
pub enum Order {
    /// Ascending by unsigned bytes, a prefix before its extensions.
    #[default]
    Forward,
    /// The exact mirror.
    Backward,
}

/// A range of byte keys, ordered as unsigned bytes.
///
/// Each end is included, excluded or open. A range whose ends are inverted is legal and holds nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KeyRange {
    /// The low end.
    pub start: Bound<Bytes>,
    /// The high end.
    pub end: Bound<Bytes>,
}

impl KeyRange {
    /// Every key.
    pub const ALL: Self = Self { start: Bound::Unbounded, end: Bound::Unbounded };

    /// A range with these ends.
    #[must_use]
    pub const fn new(start: Bound<Bytes>, end: Bound<Bytes>) -> Self {
        Self { start, end }
    }

    /// Both ends inclusive; `None` is an open end.
    #[must_use]
    pub fn inclusive(from: Option<Bytes>, to: Option<Bytes>) -> Self {
        let bound = |end: Option<Bytes>| end.map_or(Bound::Unbounded, Bound::Included);
        Self { start: bound(from), end: bound(to) }
    }

    /// The keys that start with `prefix`; all of them for an empty one.
    #[must_use]
    pub fn prefix(prefix: Bytes) -> Self {
        let end = successor(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { start: Bound::Included(prefix), end }
    }

    /// Whether the range can hold no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match (&self.start, &self.end) {
            (Bound::Included(start), Bound::Included(end)) => start > end,
            (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end))
            | (Bound::Excluded(start), Bound::Included(end)) => start >= end,
            (Bound::Unbounded, Bound::Excluded(end)) => end.is_empty(),
            _ => false,
        }
    }

    /// Whether `key` lies in the range.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        RangeBounds::<[u8]>::contains(&self.as_bounds(), key)
    }

    /// The ends as borrowed slices, as the standard library's maps take them.
    #[must_use]
    pub fn as_bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.start.as_ref().map(|key| &key[..]), self.end.as_ref().map(|key| &key[..]))
    }

    /// What is left of the range once everything up to and including `key` was seen in this order.
    #[must_use]
    pub fn after(&self, key: Bytes, order: Order) -> Self {
        match order {
            Order::Forward => Self { start: Bound::Excluded(key), end: self.end.clone() },
            Order::Backward => Self { start: self.start.clone(), end: Bound::Excluded(key) },
        }
    }
}

impl fmt::Debug for KeyRange {
    /// Lengths instead of bytes: keys are data and stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |bound: &Bound<Bytes>| bound.as_ref().map(Bytes::len);
        write!(f, "KeyRange({:?}..{:?} bytes)", length(&self.start), length(&self.end))
    }
}

/// The smallest key above every key that starts with `prefix`; none for an empty prefix or one of 0xff bytes only.
fn successor(prefix: &[u8]) -> Option<Bytes> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end.into())
}

/// How much one page may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageLimit {
    /// Entries, at least 1.
    pub entries: usize,
    /// Bytes of keys and values together. The entry that reaches it is the last of its page, so that a page has room for
    /// one entry, however large.
    pub bytes: usize,
}

impl PageLimit {
    /// A limit; a page always has room for one entry.
    #[must_use]
    pub const fn new(entries: usize, bytes: usize) -> Self {
        Self { entries: if entries == 0 { 1 } else { entries }, bytes }
    }

    /// Whether a page with so much in it is full.
    #[must_use]
    pub const fn is_reached(&self, entries: usize, bytes: usize) -> bool {
        entries > 0 && (entries >= self.entries || bytes >= self.bytes)
    }

    /// Gives entries to a page until the limit is reached; true where there were no more.
    pub(super) fn take<K: AsRef<[u8]>, V: AsRef<[u8]>, E>(
        self,
        entries: impl IntoIterator<Item = Result<(K, V), E>>,
        mut give: impl FnMut((K, V)),
    ) -> Result<bool, E> {
        let (mut taken, mut bytes) = (0, 0);
        let mut entries = entries.into_iter();
        while !self.is_reached(taken, bytes) {
            let Some(entry) = entries.next().transpose()? else { return Ok(true) };
            taken += 1;
            bytes += entry.0.as_ref().len() + entry.1.as_ref().len();
            give(entry);
        }
        Ok(false)
    }
}

impl Default for PageLimit {
    /// 1000 entries, 4 MiB.
    fn default() -> Self {
        Self::new(1000, 4 << 20)
    }
}

/// One page of a scan.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Page {
    /// Keys and values, in the order asked for.
    pub entries: Vec<(Bytes, Bytes)>,
    /// Where to go on: everything up to and including this key has been looked at, be it there or not. `None` when the
    /// range is done, which nothing else says.
    ///
    /// A page may be short or empty and still say where to go on, so that a backend that skips many dead rows
    /// need not answer late.
    pub resume: Option<Bytes>,
    /// Whether the entries are parts of one piece of memory, as by [`pack`](Self::pack): then the engine hands out copies,
    /// as [`into_entries`](Self::into_entries) does, so that nobody who keeps one entry keeps the page.
    pub packed: bool,
}

impl Page {
    /// A page whose entries have memory of their own; `resume` is the last key looked at, `None` when the range is done.
    #[must_use]
    pub const fn new(entries: Vec<(Bytes, Bytes)>, resume: Option<Bytes>) -> Self {
        Self { entries, resume, packed: false }
    }

    /// Takes entries until the limit is reached; the iterator must be in the order asked for.
    ///
    /// What every backend with an ordered iterator needs.
    pub fn collect<E>(
        entries: impl IntoIterator<Item = Result<(Bytes, Bytes), E>>,
        limit: PageLimit,
    ) -> Result<Self, E> {
        let mut page = Self::default();
        let all = limit.take(entries, |entry| page.entries.push(entry))?;
        page.resume = page.entries.last().filter(|_| !all).map(|(key, _)| key.clone());
        Ok(page)
    }

    /// Lays changes of one map, which are decided and may be stored or not, over a stored page of the same range.
    #[must_use]
    pub fn overlaid(
        self,
        changes: &Changes,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Self {
        if changes.get(&map) == Some(&MapChange::Drop) {
            return Self::default();
        }
        merge(vec![entries(changes, map, range, order)], self, None, order, limit)
    }
}

/// By what they hold, not by how they are kept.
impl PartialEq for Page {
    fn eq(&self, other: &Self) -> bool {
        (&self.entries, &self.resume) == (&other.entries, &other.resume)
    }
}

impl Eq for Page {}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complete = self.resume.is_none();
        f.debug_struct("Page")
            .field("entries", &self.entries.len())
            .field("complete", &complete)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use bytes::Bytes;

    use super::{KeyRange, Order, Page, PageLimit};

    fn key(bytes: &'static [u8]) -> Bytes {
        Bytes::from_static(bytes)
    }

    #[test]
    fn a_prefix_ends_at_its_successor() {
        let end = |prefix: &'static [u8]| KeyRange::prefix(key(prefix)).end;
        assert_eq!(end(b"ab"), Bound::Excluded(key(b"ac")));
        assert_eq!(end(b"a\xff\xff"), Bound::Excluded(key(b"b")));
        assert_eq!(end(b"\xff\xff"), Bound::Unbounded);
        assert_eq!(end(b""), Bound::Unbounded);
        assert!(KeyRange::prefix(key(b"\xff")).contains(b"\xff\xff\x00"));
        assert!(!KeyRange::prefix(key(b"\xff")).contains(b"\xfe"));
    }

    #[test]
    fn inverted_ranges_are_empty() {
        let range = |from, to| KeyRange::inclusive(Some(key(from)), Some(key(to)));
        assert!(range(b"b", b"a").is_empty());
        assert!(!range(b"a", b"a").is_empty());
        assert!(range(b"a", b"a").after(key(b"a"), Order::Forward).is_empty());
        assert!(range(b"a", b"a").after(key(b"a"), Order::Backward).is_empty());
        assert!(!KeyRange::ALL.is_empty());
    }

    #[test]
    fn a_page_holds_one_entry_however_large() {
        let entry = |n: u8| Ok::<_, ()>((Bytes::from(vec![n]), Bytes::from(vec![0; 100])));
        let page = Page::collect((0..3).map(entry), PageLimit::new(10, 1)).unwrap();
        assert_eq!(page.entries.len(), 1);
        assert_eq!(page.resume, Some(key(b"\0")));
        let page = Page::collect((0..3).map(entry), PageLimit::new(10, 1000)).unwrap();
        assert_eq!((page.entries.len(), page.resume), (3, None));
    }
}
