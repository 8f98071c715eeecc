//! Scans (S).
