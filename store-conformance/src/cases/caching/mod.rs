//! Caching (CK, CT): what is buffered and what is committed, read as one.

pub(crate) mod buffer;
pub(crate) mod clean;
pub(crate) mod merged;
pub(crate) mod races;
