//! Window stores (WN), also with commits in between (CW).

pub(crate) mod bytes;
pub(crate) mod commits;
pub(crate) mod duplicates;
pub(crate) mod expiry;
pub(crate) mod keys;
pub(crate) mod late;
pub(crate) mod listing;
pub(crate) mod mixed;
pub(crate) mod open;
pub(crate) mod points;
pub(crate) mod settings;
pub(crate) mod times;
mod tools;
