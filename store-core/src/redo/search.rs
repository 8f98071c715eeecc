//! Searches over the primitives: what is in the data, and up to which commit that is all.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Meta, RedoReader, RedoWriter};
use crate::{
    Error, ErrorKind, Result,
    backend::{Changes, PageLimit, SearchPage, Searcher},
    search::Query,
};

/// The primitives of searches.
#[async_trait]
pub trait RedoSearcher: Debug + Send + Sync {
    /// One page as [`Searcher::search`] demands it, of the data as they are stored, every acknowledged write shown. Its
    /// sequence is not looked at.
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage>;

    /// Whether all these writes are in the data, each under this stamp or a higher one; a delete also where
    /// nothing is stored. Dropped maps need not be looked at.
    async fn is_applied(&self, changes: &Changes, stamp: i64) -> Result<bool>;
}

fn there(searcher: Option<&dyn RedoSearcher>) -> Result<&dyn RedoSearcher> {
    searcher.ok_or_else(|| Error::new(ErrorKind::Unsupported, "the backend has no search"))
}

#[async_trait]
impl Searcher for RedoWriter {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        let searcher = there(self.primitives.searcher())?;
        let sequence = self.sequence();
        self.apply_last().await?;
        let page = searcher.search(store, query, after, limit).await?;
        Ok(SearchPage { sequence, ..page })
    }
}

#[async_trait]
impl Searcher for RedoReader {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        let searcher = there(self.primitives.searcher())?;
        let meta = self.meta().await?;
        let applied = self.is_applied(searcher, &meta).await?;
        let page = searcher.search(store, query, after, limit).await?;
        // A task that was destroyed meanwhile is not there, whatever was found of it.
        let now = self.meta().await?;
        if meta.wipe.is_some() || now.wipe.is_some() {
            return Ok(SearchPage::new(Vec::new(), None, meta.sequence));
        }
        Ok(SearchPage { sequence: meta.sequence - u64::from(!applied), ..page })
    }
}

impl RedoReader {
    /// Whether the last decided commit is all in the data: the record does not say so, and only its owner knows.
    async fn is_applied(&self, searcher: &dyn RedoSearcher, meta: &Meta) -> Result<bool> {
        let Some(pending) = &meta.pending else { return Ok(true) };
        if self.applied() == Some(pending.log) {
            return Ok(true);
        }
        let log = match self.log(meta).await {
            Ok(log) => log,
            // Who decided the next commit may have removed it: then it was applied.
            Err(error) if self.meta().await?.same_state(meta) => return Err(error),
            Err(_) => return Ok(true),
        };
        let applied = searcher.is_applied(&log, pending.stamp).await?;
        if applied {
            self.note_applied(pending.log);
        }
        Ok(applied)
    }
}
