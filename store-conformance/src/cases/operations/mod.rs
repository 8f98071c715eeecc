//! Namespaces, concurrency, cancellation, failure (N, C, L, R).
