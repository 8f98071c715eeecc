//! Window stores (WN), also with commits in between (CW).
