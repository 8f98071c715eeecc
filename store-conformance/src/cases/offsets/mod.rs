//! Offsets, commits, transactions (OC).

pub(crate) mod crashes;
pub(crate) mod fencing;
pub(crate) mod kinds;
pub(crate) mod positions;
pub(crate) mod staged;
