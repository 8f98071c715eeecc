//! Scans (S).

pub(crate) mod cleared;
pub(crate) mod ends;
pub(crate) mod meanwhile;
pub(crate) mod pages;
pub(crate) mod prefixes;
