//! Key-value stores (KV).

pub(crate) mod bytes;
pub(crate) mod changes;
pub(crate) mod life;
pub(crate) mod prefixes;
pub(crate) mod put_all;
pub(crate) mod ranges;
pub(crate) mod refusals;
pub(crate) mod size;
pub(crate) mod tools;
pub(crate) mod watched;
pub(crate) mod writes;
