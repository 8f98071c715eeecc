//! Gathering a page from as many requests as it takes, so that none brings too much.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use store_core::{Error, Result, backend::PageLimit, seen::Seen};

use crate::client::asks_for_less;

/// An entry with what it is sorted by.
pub(crate) type Found = ((Bytes, Bytes), Vec<Value>);

/// What was found, and where to go on.
pub(crate) struct Paged {
    pub(crate) entries: Vec<(Bytes, Bytes)>,
    /// What the last entry is sorted by; none at the end.
    pub(crate) resume: Option<Vec<Value>>,
}

/// A page on its way.
pub(crate) struct Gathering<'a> {
    /// What entries are like.
    seen: &'a Mutex<Seen>,
    limit: PageLimit,
    entries: Vec<(Bytes, Bytes)>,
    bytes: usize,
    /// How many rows may be asked for, after a request that asked for too many.
    most: usize,
}

impl<'a> Gathering<'a> {
    pub(crate) const fn new(seen: &'a Mutex<Seen>, limit: PageLimit) -> Self {
        Self { seen, limit, entries: Vec::new(), bytes: 0, most: usize::MAX }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many rows to ask for next.
    pub(crate) fn rows(&self) -> usize {
        let left = (self.limit.entries - self.entries.len()).min(self.most);
        let seen = *self.seen();
        seen.ask(left, self.limit.bytes.saturating_sub(self.bytes), 1).min(left)
    }

    /// Takes what so many rows have brought: the page, or what the last entry is sorted by, if any came, where it goes on.
    pub(crate) fn add(
        &mut self,
        found: Vec<Found>,
        rows: usize,
    ) -> std::result::Result<Paged, Option<Vec<Value>>> {
        let size = |(key, value): &(Bytes, Bytes)| key.len() + value.len();
        let largest = found.iter().map(|(entry, _)| size(entry)).max().unwrap_or_default();
        let came = Seen::new(found.len(), largest);
        self.seen().learn(came);
        self.most = usize::MAX;
        let (is_end, mut last) = (found.len() < rows, None);
        for (entry, sort) in found {
            self.bytes += size(&entry);
            self.entries.push(entry);
            if self.limit.is_reached(self.entries.len(), self.bytes) {
                return Ok(self.page(Some(sort)));
            }
            last = Some(sort);
        }
        if is_end { Ok(self.page(None)) } else { Err(last) }
    }

    fn page(&mut self, resume: Option<Vec<Value>>) -> Paged {
        Paged { entries: std::mem::take(&mut self.entries), resume }
    }

    /// After an error of a request for so many rows: it may come of asking for too much, so the next one is small; or the error
    /// where that cannot help.
    pub(crate) fn refused(&mut self, error: Error, rows: usize) -> Result<()> {
        *self.seen() = Seen::default();
        if rows < 2 || !asks_for_less(&error) {
            return Err(error);
        }
        self.most = rows / 2;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bytes::Bytes;
    use serde_json::Value;
    use store_core::{Error, ErrorKind, backend::PageLimit, seen::Seen};

    use super::Gathering;

    const PAGE: PageLimit = PageLimit::new(1000, 100_000);

    /// How many entries come of values of these sizes, page by page, where an answer takes so many bytes; and how many were asked
    /// for each time.
    fn scanned(sizes: &[usize], most: usize) -> (Result<usize, ErrorKind>, Vec<usize>) {
        let (seen, mut requests) = (Mutex::new(Seen::default()), Vec::new());
        let (mut at, mut entries) = (0, 0);
        let mut gathering = Gathering::new(&seen, PAGE);
        let place = |sort: Vec<Value>| usize::try_from(sort[0].as_u64().unwrap()).unwrap() + 1;
        loop {
            let rows = gathering.rows();
            requests.push(rows);
            let found: Vec<_> = sizes.iter().copied().enumerate().skip(at).take(rows).collect();
            if found.iter().map(|(_, size)| size).sum::<usize>() > most {
                let error = Error::new(ErrorKind::TooLarge, "the answer is too large");
                if let Err(error) = gathering.refused(error, rows) {
                    return (Err(error.kind()), requests);
                }
                continue;
            }
            let entry = |(n, size)| ((Bytes::new(), vec![0; size].into()), vec![Value::from(n)]);
            match gathering.add(found.into_iter().map(entry).collect(), rows) {
                Ok(page) => {
                    entries += page.entries.len();
                    let Some(resume) = page.resume else { return (Ok(entries), requests) };
                    at = place(resume);
                    gathering = Gathering::new(&seen, PAGE);
                }
                Err(last) => at = last.map_or(at, place),
            }
        }
    }

    #[test]
    fn large_entries_after_many_small_ones_are_asked_for_in_fewer_rows() {
        let sizes = [vec![10; 2500], vec![40_000; 200]].concat();
        let (whole, requests) = scanned(&sizes, 100_000);
        assert_eq!(whole, Ok(2700));
        let large = requests.iter().rposition(|rows| *rows > 100).unwrap();
        assert_eq!(requests[large + 1], 2, "{requests:?}");
        let (whole, requests) = scanned(&[80_000; 3], 100_000);
        assert_eq!((whole, &requests[..2]), (Ok(3), &[2, 1][..]));
    }

    #[test]
    fn one_entry_that_is_too_large_is_an_error() {
        assert_eq!(scanned(&[80_000; 3], 10_000), (Err(ErrorKind::TooLarge), vec![2, 1]));
    }

    #[test]
    fn an_error_that_is_no_matter_of_size_ends_it_and_is_followed_by_a_small_request() {
        let seen = Mutex::new(Seen::new(500, 10));
        let mut gathering = Gathering::new(&seen, PAGE);
        assert_eq!(gathering.rows(), 1000);
        let error = Error::new(ErrorKind::Unavailable, "gone");
        let refused = gathering.refused(error, 1000).unwrap_err();
        assert_eq!((refused.kind(), gathering.rows()), (ErrorKind::Unavailable, 2));
    }
}
