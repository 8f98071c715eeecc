//! Values and codecs (V).

pub(crate) mod kinds;
