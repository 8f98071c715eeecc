//! Offsets, commits, transactions (OC).
