//! What a store is built on: ordered maps inside a task.
//!
//! The same mechanism serves the store kinds of this crate and kinds of one's own: see [`StoreDefinition`].

mod definition;
mod late;
mod read;
mod search;
mod write;

pub use self::{
    definition::{ReadDefinition, StoreDefinition},
    read::ReadMaps,
    write::{KeyLock, Maps, Writes},
};
