//! Bulk calls (B), and writes and reads (W).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
