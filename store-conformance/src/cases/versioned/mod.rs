//! Versioned stores (VR).
