//! Keys (K).
