//! Bulk calls (B), and writes and reads (W).

pub(crate) mod calls;
pub(crate) mod many;
pub(crate) mod reads;
