//! The kinds of stores that can be opened, a file each: what `open` says of one, and what can be done with it.

/// Makes `operation`, which an operation of the table is made by, for the actions of one kind and the columns of its rows.
macro_rules! operation_of {
    ($kind:ident, $columns:expr) => {
        const fn operation(
            name: &'static str,
            action: Action,
            members: &'static [Member],
            about: &'static str,
        ) -> Operation {
            let action = $crate::shell::operation::Action::Store(super::Action::$kind(action));
            Operation::new(name, action, members, about).columns($columns)
        }
    };
}

mod entries;
mod key_value;
mod listing;
mod session;
mod setting;
mod timestamped;
mod versioned;
mod window;

use std::sync::Arc;

use bytes::Bytes;
use store::{
    Maps, Result,
    backend::StoreSpec,
    stores::{
        key_value::KeyValueStore, session::SessionStore, timestamped::TimestampedKeyValueStore,
        versioned::VersionedKeyValueStore, window::WindowStore,
    },
};

pub(super) use self::setting::Setting;
use super::{
    Value,
    members::{Members, invalid},
    operation::{Operation, hint, shown},
};

/// A kind of store.
#[derive(Debug)]
pub(super) struct Kind {
    /// As it is recorded.
    pub(super) name: &'static str,
    /// What `open` may say of such a store and of no other.
    pub(super) settings: &'static [Setting],
    /// What is recorded with a store of this name, keys and values being plain bytes.
    pub(super) spec: fn(String, &mut Members) -> Result<StoreSpec>,
    /// Opens a store on its stored bytes, whatever codecs it has.
    pub(super) open: fn(Maps) -> Store,
    /// What can be done with it.
    operations: &'static [&'static [Operation]],
}

/// All of them.
pub(super) const KINDS: &[&Kind] =
    &[&key_value::KIND, &timestamped::KIND, &window::KIND, &session::KIND, &versioned::KIND];

/// What can be done with stores, kind by kind.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    key_value::OPERATIONS,
    entries::OPERATIONS,
    timestamped::OPERATIONS,
    window::OPERATIONS,
    session::OPERATIONS,
    versioned::OPERATIONS,
];

/// What an operation does to a store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    KeyValue(key_value::Action),
    Entries(entries::Action),
    Timestamped(timestamped::Action),
    Window(window::Action),
    Session(session::Action),
    Versioned(versioned::Action),
}

/// An open store of plain bytes.
#[derive(Debug)]
pub(super) enum Store {
    KeyValue(Arc<dyn KeyValueStore<Bytes, Bytes>>),
    Timestamped(Arc<dyn TimestampedKeyValueStore<Bytes, Bytes>>),
    Window(Arc<dyn WindowStore<Bytes, Bytes>>),
    Session(Arc<dyn SessionStore<Bytes, Bytes>>),
    Versioned(Arc<dyn VersionedKeyValueStore<Bytes, Bytes>>),
}

impl Store {
    const fn kind(&self) -> &'static Kind {
        match self {
            Self::KeyValue(_) => &key_value::KIND,
            Self::Timestamped(_) => &timestamped::KIND,
            Self::Window(_) => &window::KIND,
            Self::Session(_) => &session::KIND,
            Self::Versioned(_) => &versioned::KIND,
        }
    }
}

impl Kind {
    /// The kind of this name; none where it cannot be opened here, and what can.
    pub(super) fn named(name: &str) -> Result<&'static Self, String> {
        let found = KINDS.iter().find(|kind| kind.name == name);
        found.copied().ok_or_else(|| hint(name, KINDS.iter().map(|kind| kind.name)))
    }
}

/// Runs an operation on a store, if it is one for its kind.
pub(super) async fn run(
    (operation, action): (&Operation, Action),
    (name, store): (&str, &Store),
    members: Members,
) -> Result<Value> {
    match (action, store) {
        (Action::KeyValue(action), Store::KeyValue(store)) => {
            key_value::run(action, &**store, members).await
        }
        (Action::Entries(action), Store::KeyValue(store)) => {
            entries::run(action, &**store, members).await
        }
        (Action::Entries(action), Store::Timestamped(store)) => {
            entries::run(action, &**store, members).await
        }
        (Action::Timestamped(action), Store::Timestamped(store)) => {
            timestamped::run(action, &**store, members).await
        }
        (Action::Window(action), Store::Window(store)) => {
            window::run(action, &**store, members).await
        }
        (Action::Session(action), Store::Session(store)) => {
            session::run(action, &**store, members).await
        }
        (Action::Versioned(action), Store::Versioned(store)) => {
            versioned::run(action, &**store, members).await
        }
        (_, store) => {
            let kind = store.kind();
            let takes: Vec<_> =
                kind.operations.iter().copied().flatten().map(|op| op.name).collect();
            Err(invalid(format!(
                "{} is no op of store {}, which is of kind {} and takes {}",
                operation.name,
                shown(name),
                kind.name,
                takes.join(", ")
            )))
        }
    }
}
