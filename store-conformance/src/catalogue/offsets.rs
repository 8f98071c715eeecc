//! Offsets, commits, transactions (OC).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
