//! What a backend owes to the engine: bytes, pages, commits, fences.

pub(crate) mod checkpoints;
pub(crate) mod fencing;
pub(crate) mod fresh;
pub(crate) mod limits;
pub(crate) mod lives;
pub(crate) mod pages;
pub(crate) mod reading;
pub(crate) mod tasks;
