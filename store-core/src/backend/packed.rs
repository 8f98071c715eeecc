//! Pages in one piece of memory.

use std::vec;

use bytes::Bytes;

use super::{Page, PageLimit};

/// Values from this size on, in bytes, get memory of their own, which is handed out as it is.
const ALONE: usize = 4096;

/// Entries that a page makes room for when it has the first one, if it may hold so many.
const FIRST: usize = 32;

/// What it makes room for then, in bytes at most.
const FIRST_BYTES: usize = 16 << 10;

/// Where an entry lies.
struct Ends {
    key: usize,
    value: usize,
    /// A value that is kept apart.
    apart: Option<Bytes>,
}

/// The entries of a page, taken out one by one.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    entries: vec::IntoIter<(Bytes, Bytes)>,
    packed: bool,
}

impl Page {
    /// As [`collect`](Self::collect), with copies of keys and small values in one piece of memory.
    ///
    /// For entries that are parts of something larger, such as the blocks of a file: two allocations for each would cost
    /// more than reading them.
    pub fn pack<E>(
        entries: impl IntoIterator<Item = Result<(impl AsRef<[u8]>, impl AsRef<[u8]>), E>>,
        limit: PageLimit,
    ) -> Result<Self, E> {
        let (mut memory, mut ends) = (Vec::new(), Vec::new());
        let all = limit.take(entries, |(key, value)| {
            let (key, value) = (key.as_ref(), value.as_ref());
            if ends.is_empty() {
                let first = limit.entries.min(FIRST);
                memory.reserve((key.len() + value.len()).saturating_mul(first).min(FIRST_BYTES));
                ends.reserve(first);
            }
            memory.extend_from_slice(key);
            let key = memory.len();
            let apart = value.len() >= ALONE;
            if !apart {
                memory.extend_from_slice(value);
            }
            ends.push(Ends {
                key,
                value: memory.len(),
                apart: apart.then(|| Bytes::copy_from_slice(value)),
            });
        })?;
        if memory.len() < memory.capacity() / 4 * 3 {
            memory.shrink_to_fit();
        }
        let memory = Bytes::from(memory);
        let mut start = 0;
        let entry = |Ends { key, value: end, apart }| {
            let value = apart.unwrap_or_else(|| memory.slice(key..end));
            let entry = (memory.slice(start..key), value);
            start = end;
            entry
        };
        let entries: Vec<_> = ends.into_iter().map(entry).collect();
        let resume = entries.last().filter(|_| !all).map(|(key, _)| Bytes::copy_from_slice(key));
        Ok(Self { entries, resume, packed: true })
    }

    /// The entries, each in memory of its own: those of a [packed](Self::packed) page as copies, but for values from 4 KiB on,
    /// which have theirs already.
    #[must_use]
    pub fn into_entries(self) -> impl ExactSizeIterator<Item = (Bytes, Bytes)> {
        self.unpacked()
    }

    /// As [`into_entries`](Self::into_entries).
    pub(crate) fn unpacked(self) -> Unpacked {
        Unpacked { entries: self.entries.into_iter(), packed: self.packed }
    }
}

impl Iterator for Unpacked {
    type Item = (Bytes, Bytes);

    fn next(&mut self) -> Option<(Bytes, Bytes)> {
        let (key, value) = self.entries.next()?;
        if !self.packed {
            return Some((key, value));
        }
        let value = if value.len() < ALONE { Bytes::copy_from_slice(&value) } else { value };
        Some((Bytes::copy_from_slice(&key), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Unpacked {}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{ALONE, Page, PageLimit};

    fn entries() -> impl Iterator<Item = Result<(Bytes, Bytes), ()>> {
        let sizes = [0, 1, ALONE - 1, ALONE, ALONE + 1, 200];
        (0_u8..).zip(sizes).map(|(n, size)| Ok((vec![n; n.into()].into(), vec![n; size].into())))
    }

    #[test]
    fn holds_what_a_collected_page_holds() {
        for limit in [(1, 1), (3, usize::MAX), (100, 4200), (6, usize::MAX), (100, usize::MAX)] {
            let limit = PageLimit::new(limit.0, limit.1);
            let collected = Page::collect(entries(), limit).unwrap();
            let packed = Page::pack(entries(), limit).unwrap();
            assert!(packed.packed && !collected.packed);
            assert!(packed == collected);
            assert_eq!((packed.entries, packed.resume), (collected.entries, collected.resume));
        }
    }

    #[test]
    fn what_is_taken_out_keeps_nothing_else() {
        let page = Page::pack(entries(), PageLimit::default()).unwrap();
        assert!(page.entries.iter().any(|(_, value)| !value.is_unique()));
        let (copied, len) = (page.clone().entries, page.entries.len());
        let taken = page.into_entries();
        assert_eq!(taken.len(), len);
        for (entry, (key, value)) in copied.into_iter().zip(taken) {
            assert_eq!((&key, &value), (&entry.0, &entry.1));
            drop(entry);
            assert!(key.is_empty() || key.is_unique());
            assert!(value.is_empty() || value.is_unique());
        }
    }
}
