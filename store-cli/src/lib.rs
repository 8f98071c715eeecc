//! The operator's tool, binary `store`.
//!
//! [`shell`] is the protocol and can be driven in process; [`run`] is the whole command line.

mod connect;
mod failure;
pub mod shell;

pub use self::failure::Failure;
