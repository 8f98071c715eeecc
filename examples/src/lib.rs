//! What the example programs do, apart from their command lines.

pub mod flights;
pub mod word_count;
