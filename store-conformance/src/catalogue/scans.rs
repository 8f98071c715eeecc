//! Scans (S).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
