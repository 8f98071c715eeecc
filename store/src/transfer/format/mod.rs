//! A stream of tasks: see `docs/moving.md` for every byte.
//!
//! A head, then frames: a kind, the length of the payload, the payload and a check value. The check value of a frame covers the
//! one before it, so that a frame that is damaged, missing, doubled or in another place is noticed where it stands.

mod decode;
mod encode;
mod frame;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;

pub(super) use self::{
    decode::{Decoder, Part},
    encode::Encoder,
};

/// What every stream begins with: a byte that is no text, so that a transfer as text is noticed.
const MAGIC: [u8; 8] = *b"\x89STORE\r\n";
/// The version of the format, behind the magic bytes.
const VERSION: u32 = 1;

/// Begins a task: its name and its checkpoint.
const TASK: u8 = 1;
/// Entries of one map.
const ENTRIES: u8 = 2;
/// Ends a task: how many entries it has, and the hash of its content.
const TASK_END: u8 = 3;
/// Ends the stream: how many tasks there were.
const END: u8 = 4;
