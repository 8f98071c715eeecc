//! The shell protocol: one JSON object per line in, one out; see `docs/shell.md`.
//!
//! A store kind is one file of `kinds`, with its table of operations and what they do.

mod bytes;
mod kinds;
pub(crate) mod members;
pub(crate) mod node;
pub(crate) mod operation;
mod protocol;
mod reply;
mod session;
mod stores;
mod task;
mod value;

pub(crate) use self::value::Text;
pub use self::{
    protocol::{MAX_LINE_BYTES, serve},
    reply::Reply,
    session::Session,
    value::Value,
};
