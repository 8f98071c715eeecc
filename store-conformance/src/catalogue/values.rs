//! Values and codecs (V).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
