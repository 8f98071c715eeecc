//! Searchable state, where a backend has it.

use async_trait::async_trait;
use bytes::Bytes;

use super::PageLimit;
use crate::Result;

/// Finds entries of a store by the indexed fields of their values; sees committed state only.
#[async_trait]
pub trait Searcher: std::fmt::Debug + Send + Sync {
    /// One page of the entries of `store` that `query` finds, after the place a page before it named.
    ///
    /// The query is a JSON object in the backend's own query language; a malformed one is `InvalidArgument`.
    async fn search(
        &self,
        store: u32,
        query: &str,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage>;
}

/// One page of what a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchPage {
    /// Keys and values, in the order of the query.
    pub entries: Vec<(Bytes, Bytes)>,
    /// Where the next page starts; `None` when there is none.
    pub resume: Option<Bytes>,
    /// Everything up to this commit is seen.
    pub sequence: u64,
}
