//! State stores for stream processing: traits, codecs, engine and the in-memory backend.
//!
//! The folders are layers, each knowing only those before it: [`backend`] (what an adapter implements), [`codec`],
//! `engine`, [`redo`], [`stores`] and [`memory`].

pub mod backend;
mod error;
pub mod memory;

pub use self::error::{Effect, Error, ErrorKind, Result};
