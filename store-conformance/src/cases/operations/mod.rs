//! Namespaces, concurrency, cancellation, failure (N, C, L, R).

pub(crate) mod cancellation;
pub(crate) mod chaos;
pub(crate) mod concurrency;
pub(crate) mod failure;
pub(crate) mod handles;
pub(crate) mod names;
pub(crate) mod repeated;
