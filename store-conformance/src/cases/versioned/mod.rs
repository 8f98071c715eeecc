//! Versioned stores (VR).

pub(crate) mod crashes;
pub(crate) mod expiry;
pub(crate) mod extremes;
pub(crate) mod history;
pub(crate) mod late;
pub(crate) mod order;
pub(crate) mod refusals;
pub(crate) mod simple;
mod tools;
