//! Bulk calls (B), and writes and reads (W).
