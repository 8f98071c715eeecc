//! The store kinds.

mod definition;
mod indexed;
pub mod key_value;
mod search;
pub mod session;
mod stamp;
mod time;
pub mod timestamped;
mod typed;
pub mod versioned;
pub mod window;

pub use self::{
    definition::{Definition, Indexable, Kind},
    indexed::{MAX_INDEXED, Projection},
    search::{Found, SearchableStore},
    time::Timed,
};
use crate::backend::StoreSpec;

/// What every store has.
pub trait StateStore: std::fmt::Debug + Send + Sync + 'static {
    /// Its name, unique within the task.
    fn name(&self) -> &str {
        self.spec().name.as_str()
    }

    /// What it is, as recorded with it.
    fn spec(&self) -> &StoreSpec;
}

/// What the `update_boxed` of a store takes: the new value for the old one, `None` for absent.
pub type Update<'a, V> = Box<dyn FnOnce(Option<V>) -> Option<V> + Send + 'a>;

/// Feeds bytes to every layout.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(bytes: &bytes::Bytes) {
    session::fuzz(bytes);
    versioned::fuzz(bytes);
    window::fuzz(bytes);
    let _ = stamp::unstamp(bytes.clone());
}
