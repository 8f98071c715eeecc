//! The answers of the waist, as far as a layer can tell what is in them.

use std::sync::Arc;

use bytes::Bytes;

use crate::backend::{Checkpoint, Claim, Page, SearchPage, TaskReader, TaskSummary};

/// How much a call or an answer carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Size {
    /// Keys, entries or tasks.
    pub entries: usize,
    /// Bytes of keys and values, and of a checkpoint that is committed.
    pub bytes: usize,
}

impl Size {
    /// So many entries, of so many bytes together.
    #[must_use]
    pub const fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes }
    }

    fn of(entries: &[(Bytes, Bytes)]) -> Self {
        Self::new(entries.len(), entries.iter().map(|(key, value)| key.len() + value.len()).sum())
    }
}

/// An answer of the waist.
pub trait Answer: Send + sealed::Sealed {
    /// What it carries.
    fn size(&self) -> Size {
        Size::default()
    }
}

impl Answer for () {}
impl Answer for u64 {}
impl Answer for Checkpoint {}
impl Answer for Claim {}
impl Answer for Arc<dyn TaskReader> {}

impl Answer for Vec<TaskSummary> {
    fn size(&self) -> Size {
        Size::new(self.len(), 0)
    }
}

impl Answer for Vec<Option<Bytes>> {
    fn size(&self) -> Size {
        let found = self.iter().flatten();
        Size::new(found.clone().count(), found.map(Bytes::len).sum())
    }
}

impl Answer for Page {
    fn size(&self) -> Size {
        Size::of(&self.entries)
    }
}

impl Answer for SearchPage {
    fn size(&self) -> Size {
        Size::of(&self.entries)
    }
}

mod sealed {
    use super::{Arc, Bytes, Checkpoint, Claim, Page, SearchPage, TaskReader, TaskSummary};

    /// The waist has these answers and no others.
    #[expect(unnameable_types, reason = "that is what seals")]
    pub trait Sealed: Sized {
        /// The answer that says no more than that it is done, where this is one.
        fn done() -> Option<Self> {
            None
        }
    }

    impl Sealed for () {
        fn done() -> Option<Self> {
            Some(())
        }
    }

    impl Sealed for u64 {}
    impl Sealed for Checkpoint {}
    impl Sealed for Claim {}
    impl Sealed for Arc<dyn TaskReader> {}
    impl Sealed for Vec<TaskSummary> {}
    impl Sealed for Vec<Option<Bytes>> {}
    impl Sealed for Page {}
    impl Sealed for SearchPage {}
}
