//! Caching (CK, CT).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
