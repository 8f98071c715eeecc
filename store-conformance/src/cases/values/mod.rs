//! Values and codecs (V).

pub(crate) mod damaged;
pub(crate) mod kinds;
pub(crate) mod limits;
pub(crate) mod other;
pub(crate) mod stored;
pub(crate) mod types;
