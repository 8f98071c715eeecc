//! The cases, by family.

pub(crate) mod adapter;
pub(crate) mod bulk;
pub(crate) mod caching;
pub(crate) mod iterators;
pub(crate) mod key_value;
pub(crate) mod keys;
pub(crate) mod offsets;
pub(crate) mod operations;
pub(crate) mod random;
pub(crate) mod recorded;
pub(crate) mod scans;
pub(crate) mod search;
pub(crate) mod session;
mod stages;
mod timed;
pub(crate) mod tools;
mod unencodable;
pub(crate) mod values;
pub(crate) mod versioned;
mod warnings;
mod watched;
pub(crate) mod window;
pub(crate) mod wrong;
