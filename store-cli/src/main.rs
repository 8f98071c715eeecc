//! The binary `store`.
fn main() {}
