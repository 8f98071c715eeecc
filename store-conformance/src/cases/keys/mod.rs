//! Keys (K).

pub(crate) mod apart;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod order;
