//! What most programs import: `use store_core::prelude::*;`.

pub use crate::{
    Database, Error, ErrorKind, KeyValue, Offsets, Order, Result, Session, StoreDefinition, Task,
    TimestampedKeyValue, VersionedKeyValue, Window, Written,
    stores::{
        SearchableStore, StateStore,
        key_value::{
            KeyValueStore, KeyValueStoreExt, ReadOnlyKeyValueStore, ReadOnlyKeyValueStoreExt,
        },
        session::{
            ReadOnlySessionStore, ReadOnlySessionStoreExt, SessionStore, SessionStoreExt,
            SessionWindow,
        },
        timestamped::{ReadOnlyTimestampedKeyValueStore, Timestamped, TimestampedKeyValueStore},
        versioned::{
            ReadOnlyVersionedKeyValueStore, VersionedKeyValueStore, VersionedPut, VersionedRecord,
        },
        window::{
            ReadOnlyWindowStore, ReadOnlyWindowStoreExt, WindowStore, WindowStoreExt, Windowed,
        },
    },
};
