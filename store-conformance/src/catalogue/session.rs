//! Session stores (SS), also with commits in between (CS).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
