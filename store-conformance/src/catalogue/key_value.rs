//! Key-value stores (KV).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
