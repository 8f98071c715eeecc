//! Key-value stores (KV).
