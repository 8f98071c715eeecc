//! What the example programs do, apart from their command lines, and a store kind of one's own.

pub mod flights;
pub mod graph;
pub mod terminal;
pub mod word_count;
