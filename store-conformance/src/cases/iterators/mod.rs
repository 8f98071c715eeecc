//! Iterators (IT).
