//! The store kinds.

pub mod key_value;

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
