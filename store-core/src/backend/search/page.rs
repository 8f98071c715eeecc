//! Searches without an index: every entry is looked at, so that what is found is what a query means.

use std::{convert::Infallible, fmt};

use bytes::Bytes;

use super::{Fields, Query};
use crate::{
    Error, ErrorKind, Result,
    backend::{Page, PageLimit, Put},
};

/// One page of what a search found.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchPage {
    /// Keys and values, in the order of the query.
    pub entries: Vec<(Bytes, Bytes)>,
    /// Where the next page starts, in a form of the backend's own; `None` when there is none.
    pub resume: Option<Bytes>,
    /// Every commit up to this one is seen whole; of those behind it, none or a part.
    pub sequence: u64,
}

impl SearchPage {
    /// A page; `resume` is `None` where nothing follows.
    #[must_use]
    pub const fn new(entries: Vec<(Bytes, Bytes)>, resume: Option<Bytes>, sequence: u64) -> Self {
        Self { entries, resume, sequence }
    }

    /// The page of a search through all entries of a store: what a backend does that keeps them in the process and has no
    /// index, and what the answers of the others are held against.
    ///
    /// Errors as [`Searcher::search`](super::Searcher::search); `Unsupported` for raw conditions.
    pub fn evaluate<'a>(
        entries: impl IntoIterator<Item = (&'a Bytes, &'a Put)>,
        sequence: u64,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<Self> {
        // What cannot be evaluated is refused also where there are no entries.
        query.condition.matches(&Fields::default())?;
        let after = after.map(Place::decode).transpose()?;
        let mut found = Vec::new();
        for (key, put) in entries {
            let fields = put.fields.as_deref().map(Fields::decode).transpose()?.unwrap_or_default();
            let place = Place { fields, key: key.clone() };
            let follows =
                after.as_ref().is_none_or(|after| query.compare(after.at(), place.at()).is_lt());
            if follows && query.condition.matches(&place.fields)? {
                found.push((place, &put.value));
            }
        }
        found.sort_by(|(left, _), (right, _)| query.compare(left.at(), right.at()));
        let entries = found.iter().map(|(place, value)| Ok((place.key.clone(), (*value).clone())));
        let page = Page::collect(entries, limit).map_err(|never: Infallible| match never {})?;
        let last = page.entries.len().checked_sub(1).filter(|_| page.resume.is_some());
        let resume = last.map(|last| found.swap_remove(last).0.encode(query));
        Ok(Self::new(page.entries, resume, sequence))
    }
}

impl fmt::Debug for SearchPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SearchPage")
            .field("entries", &self.entries.len())
            .field("complete", &self.resume.is_none())
            .field("sequence", &self.sequence)
            .finish()
    }
}

/// The place of an entry in the order of a query.
struct Place {
    fields: Fields,
    key: Bytes,
}

impl Place {
    fn at(&self) -> (&Fields, &[u8]) {
        (&self.fields, &self.key)
    }

    /// The fields that the query sorts by as JSON, which has no byte 0, such a byte, and the key.
    fn encode(self, query: &Query) -> Bytes {
        let sorted = self.fields.only(query.sort.iter().map(|sort| sort.field.as_str()));
        [sorted.encode().as_bytes(), &[0], &self.key].concat().into()
    }

    fn decode(place: &Bytes) -> Result<Self> {
        let decode = || {
            let end = place.iter().position(|byte| *byte == 0)?;
            let fields = Fields::decode(std::str::from_utf8(&place[..end]).ok()?).ok()?;
            Some(Self { fields, key: place.slice(end + 1..) })
        };
        decode().ok_or_else(|| {
            let message = "a search cannot go on at a place that no page of it named";
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;

    use super::SearchPage;
    use crate::{
        ErrorKind,
        backend::{PageLimit, Put},
        search::{Condition, Query},
    };

    fn entries() -> BTreeMap<Bytes, Put> {
        let entry = |n: u8| {
            let mut put = Put::new(Bytes::from(vec![n]));
            // Three of one value each, and some without.
            put.fields = (n % 4 != 3).then(|| format!(r#"{{"n":{}}}"#, n / 3).into());
            (Bytes::from(vec![0, n]), put)
        };
        (0..20).map(entry).collect()
    }

    fn page(query: &Query, after: Option<&Bytes>, limit: usize) -> SearchPage {
        let limit = PageLimit::new(limit, usize::MAX);
        SearchPage::evaluate(&entries(), 7, query, after, limit).unwrap()
    }

    #[test]
    fn pages_are_the_whole_in_parts() {
        for query in [
            Query::all(),
            Query::all().ascending("n"),
            Query::all().descending("n"),
            Query::new(Condition::exists("n")).descending("n"),
        ] {
            let whole = page(&query, None, 100);
            assert!(whole.resume.is_none() && whole.sequence == 7);
            for limit in 1..8 {
                let (mut after, mut parts) = (None, Vec::new());
                loop {
                    let page = page(&query, after.as_ref(), limit);
                    assert!(page.entries.len() <= limit);
                    parts.extend(page.entries);
                    after = page.resume;
                    if after.is_none() {
                        break;
                    }
                }
                assert_eq!(parts, whole.entries);
            }
        }
    }

    #[test]
    fn places_of_others_and_raw_conditions_are_refused() {
        let none = BTreeMap::new();
        let search = |query: &Query, after: Option<&Bytes>| {
            SearchPage::evaluate(&none, 0, query, after, PageLimit::default()).unwrap_err().kind()
        };
        for place in [&b""[..], b"no place", b"\0", b"{\0", b"\xff\0key"] {
            let place = Bytes::from_static(place);
            assert_eq!(search(&Query::all(), Some(&place)), ErrorKind::InvalidArgument);
        }
        let raw = Condition::raw("{}").unwrap();
        let raw = Condition::term("n", 1).and(raw.clone()).or(raw);
        assert_eq!(search(&raw.into(), None), ErrorKind::Unsupported);
    }

    #[test]
    fn damaged_fields_are_told() {
        let mut put = Put::new(Bytes::new());
        put.fields = Some("{".into());
        let entries = BTreeMap::from([(Bytes::new(), put)]);
        let found = SearchPage::evaluate(&entries, 0, &Query::all(), None, PageLimit::default());
        assert_eq!(found.unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
