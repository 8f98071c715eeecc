//! Stores whose entries are found by the indexed fields of their values.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use async_trait::async_trait;
use futures::{Stream, stream::BoxStream};

use super::StateStore;
use crate::{Result, search::Query};

/// Finds entries by the indexed fields of their values.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use futures::TryStreamExt;
/// use serde::{Deserialize, Serialize};
/// use store_core::{
///     memory::MemoryBackend,
///     prelude::*,
///     search::{Condition, FieldType, Query},
/// };
///
/// #[derive(Serialize, Deserialize)]
/// struct Carrier {
///     flights: i64,
///     mean_delay: f64,
/// }
///
/// static CARRIERS: KeyValue<String, Carrier> = KeyValue::new("carriers")
///     .indexed("flights", FieldType::Integer)
///     .indexed("mean_delay", FieldType::Float);
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.task("flights", 0).store(&CARRIERS).open().await?;
/// let carriers = task.store(&CARRIERS)?;
/// for (code, flights, mean_delay) in [("UA", 500, 12.5), ("HA", 3, 48.0), ("EV", 700, 20.0)] {
///     carriers.put(&code.to_owned(), &Carrier { flights, mean_delay }).await?;
/// }
/// task.commit(Offsets::default()).await?;
///
/// let often = Condition::range("flights", 100..);
/// let found = carriers.search(&Query::new(often).descending("mean_delay").limit(10)).await?;
/// assert_eq!(found.sequence(), 1);
/// let found: Vec<_> = found.map_ok(|(code, _)| code).try_collect().await?;
/// assert_eq!(found, ["EV", "UA"]);
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait SearchableStore<K, V>: StateStore
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// The entries that a query finds, in its order.
    ///
    /// - Sees what is committed, for the owner too: not the writes since. Whatever commit was acknowledged before the call is
    ///   seen.
    /// - The stream is fetched page by page in bounded memory. Each page is a search of its own: an entry that a commit moves
    ///   in the order meanwhile may come twice, or not at all.
    /// - `Unsupported` where the backend has no search, or does not understand a raw condition; `InvalidArgument` for a query
    ///   that does not suit the fields, such as one by a field that is not indexed: the message says which are.
    async fn search(&self, query: &Query) -> Result<Found<(K, V)>>;
}

/// What a search found: a stream, and up to which commit it sees.
#[must_use = "a stream does nothing until it is polled"]
pub struct Found<R> {
    sequence: u64,
    entries: BoxStream<'static, Result<R>>,
}

impl<R> Found<R> {
    pub(super) const fn new(sequence: u64, entries: BoxStream<'static, Result<R>>) -> Self {
        Self { sequence, entries }
    }

    /// The number of a commit: it and all before it are seen whole, of later ones maybe a part.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl<R> Stream for Found<R> {
    type Item = Result<R>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.entries.as_mut().poll_next(context)
    }
}

impl<R> fmt::Debug for Found<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}
