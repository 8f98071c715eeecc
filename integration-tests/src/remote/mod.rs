//! A backend in a process of its own, spoken to over its standard input and output: one that can be killed.
//!
//! The process is the test binary itself, started again with [`FOLDER`] in its environment; it serves the embedded backend
//! on that folder. Each test binary that opens such places calls [`serve_if_asked`] first.

mod client;
mod frames;
mod message;
mod server;

pub(crate) use self::client::{Process, RemoteBackend};
use self::server::FOLDER;
pub use self::server::serve_if_asked;
