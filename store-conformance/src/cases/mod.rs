//! The cases, by family.

pub(crate) mod adapter;
