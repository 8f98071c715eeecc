//! Golden bytes, laws and refusals of keys and values.

#![allow(clippy::needless_pass_by_value, reason = "tests read better so")]

mod keys;
mod laws;
mod prefixes;
mod values;
