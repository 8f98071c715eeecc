//! Values and codecs (V).
