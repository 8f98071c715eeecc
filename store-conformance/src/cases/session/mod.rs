//! Session stores (SS), also with commits in between (CS).

pub(crate) mod bytes;
pub(crate) mod expiry;
pub(crate) mod find;
pub(crate) mod forever;
pub(crate) mod keys;
pub(crate) mod late;
pub(crate) mod merging;
pub(crate) mod mixed;
pub(crate) mod open;
pub(crate) mod refusals;
pub(crate) mod single;
mod tools;
