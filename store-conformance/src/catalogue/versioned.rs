//! Versioned stores (VR).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
