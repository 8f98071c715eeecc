//! Searchable state, where a backend has it: values found by their indexed fields.

mod condition;
mod evaluate;
mod field;
mod fields;
mod query;
mod value;

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;

#[cfg(feature = "fuzzing")]
pub(crate) use self::fields::fuzz;
pub use self::{
    condition::{Condition, Raw},
    field::{FieldType, IndexedField, MAX_TEXT_BYTES},
    fields::Fields,
    query::{MAX_CONDITIONS, MAX_NESTED, Query, Sort},
    value::FieldValue,
};
use super::PageLimit;
use crate::Result;

/// Finds entries of a store by the indexed fields of their values; sees committed state only.
///
/// The stores that are searched are not cut by time: all their entries are in the map
/// [`MapId::whole`](super::MapId::whole).
#[async_trait]
pub trait Searcher: fmt::Debug + Send + Sync {
    /// One page of the entries of `store` that `query` finds, after the place that the page before it named.
    ///
    /// - The query was checked by [`Query::check`]: its fields are indexed, and its values are of their types. Its limit is
    ///   the caller's matter, who asks for no more pages.
    /// - The order is that of [`Query::sort`], and by key where that says nothing, so that it is one order and no entry comes
    ///   twice or never, unless a commit in between moves it.
    /// - A raw condition is an object of the backend's own query language; `InvalidArgument` where it is not legal there,
    ///   `Unsupported` where there is none. `InvalidArgument` too for an `after` that came from no page of this query.
    /// - Whatever was acknowledged before the call is seen.
    /// - A page ends as that of a scan does: with the entry that reaches the limit, or before, even empty, where it says where
    ///   to go on.
    /// - An absent store is an empty one.
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage>;
}

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
