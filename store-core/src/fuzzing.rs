//! Decoders that are not public, for fuzzing.

use bytes::Bytes;

use crate::{redo, search, stores};

/// Feeds bytes to the layouts of store kinds; what is taken must come back the same.
pub fn layouts(bytes: &Bytes) {
    stores::fuzz(bytes);
}

/// Feeds bytes to the redo log and the record of a task; what is taken must come back the same.
pub fn redo(bytes: &Bytes) {
    redo::fuzz(bytes);
}

/// Feeds bytes to the indexed fields of a value; what is taken must come back the same.
pub fn fields(bytes: &Bytes) {
    search::fuzz(bytes);
}
