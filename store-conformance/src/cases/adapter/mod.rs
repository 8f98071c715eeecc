//! What a backend owes to the engine: bytes, pages, commits, fences.

pub(crate) mod fencing;
pub(crate) mod pages;
pub(crate) mod reading;
pub(crate) mod tasks;
