//! Searches in memory: every entry is looked at, so that what is found is what a query means.

use std::convert::Infallible;

use async_trait::async_trait;
use bytes::Bytes;

use super::task::MemoryTask;
use crate::{
    Error, ErrorKind, Result,
    backend::{MapId, Page, PageLimit, SearchPage, Searcher},
    search::{Fields, Query},
};

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

#[async_trait]
impl Searcher for MemoryTask {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        // What cannot be evaluated is refused also where there are no entries.
        query.condition.matches(&Fields::default())?;
        let after = after.map(Place::decode).transpose()?;
        let state = self.read()?;
        let mut found = Vec::new();
        for (key, put) in state.maps.get(&MapId::whole(store)).into_iter().flatten() {
            let fields = put.fields.as_deref().map(Fields::decode).transpose()?.unwrap_or_default();
            let place = Place { fields, key: key.clone() };
            let follows =
                after.as_ref().is_none_or(|after| query.compare(after.at(), place.at()).is_lt());
            if follows && query.condition.matches(&place.fields)? {
                found.push((place, put));
            }
        }
        found.sort_by(|(left, _), (right, _)| query.compare(left.at(), right.at()));
        let entries = found.iter().map(|(place, put)| Ok((place.key.clone(), put.value.clone())));
        let page = Page::collect(entries, limit).map_err(|never: Infallible| match never {})?;
        let last = page.entries.len().checked_sub(1).filter(|_| page.resume.is_some());
        let resume = last.map(|last| found.swap_remove(last).0.encode(query));
        Ok(SearchPage::new(page.entries, resume, state.checkpoint.sequence))
    }
}
