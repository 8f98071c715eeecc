//! Change-logging, restore, queries and headers (CL, RS, IQ, HD).

use super::Entry;

pub(super) const ENTRIES: &[Entry] = &[];
