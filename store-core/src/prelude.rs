//! What most programs import: `use store_core::prelude::*;`.

pub use crate::{
    Database, Error, ErrorKind, KeyValue, Offsets, Order, Result, StoreDefinition, Task,
    stores::{
        StateStore,
        key_value::{
            KeyValueStore, KeyValueStoreExt, ReadOnlyKeyValueStore, ReadOnlyKeyValueStoreExt,
        },
    },
};
