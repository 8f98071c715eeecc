//! Iterators (IT).

pub(crate) mod ends;
pub(crate) mod meanwhile;
