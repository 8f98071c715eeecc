//! Caching (CK, CT).
