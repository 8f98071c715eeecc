//! Golden bytes, laws and refusals of keys and values.

mod exhaustive;
mod keys;
mod laws;
mod prefixes;
mod values;
