//! How a store kind comes in.

use super::{Maps, ReadMaps};
use crate::{Result, backend::StoreSpec};

/// Says what a store is and builds it on its maps: how every kind comes in, ours and yours.
///
/// The name of a kind of one's own is `owner.what/number`, for example `acme.graph/1`; names without a dot are ours. Raise
/// [`layout`](StoreSpec::layout) whenever an older program would misread the stored bytes.
pub trait StoreDefinition {
    /// The opened store, for example `Arc<dyn KeyValueStore<K, V>>`.
    type Store;

    /// What is recorded with the store and checked at each opening.
    fn spec(&self) -> Result<StoreSpec>;

    /// Builds the store.
    fn open(&self, maps: Maps) -> Self::Store;
}

/// A definition whose store can be read in a task that somebody else owns.
pub trait ReadDefinition: StoreDefinition + Sync {
    /// The read half, for example `Arc<dyn ReadOnlyKeyValueStore<K, V>>`.
    type Reader;

    /// Builds the read half.
    fn reader(&self, maps: ReadMaps) -> Self::Reader;
}
