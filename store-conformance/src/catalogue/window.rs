//! Window stores (WN), also with commits in between (CW).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
