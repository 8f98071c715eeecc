//! Namespaces, concurrency, cancellation, failure (N, C, L, R).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
