//! Keys (K).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
