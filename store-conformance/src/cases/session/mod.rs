//! Session stores (SS), also with commits in between (CS).
