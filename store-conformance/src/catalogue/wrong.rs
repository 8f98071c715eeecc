//! Wrong data and configuration, honest capabilities, wrappers (F, G, H, Y).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
