//! What Redis errors mean to a caller.

use redis::{ErrorKind as RedisKind, RedisError, ServerErrorKind};
use store_core::{Error, ErrorKind};

/// Maps a driver's error; `doing` says what failed.
pub(crate) fn redis(doing: &str, error: RedisError) -> Error {
    let kind = kind(&error);
    let advice = match kind {
        ErrorKind::Fenced => "a later owner has claimed the task: give it up",
        ErrorKind::SequenceGap => {
            "the server lost a commit that it had acknowledged: open the task again"
        }
        ErrorKind::InvalidArgument => "a key of ours holds something else: use another namespace",
        ErrorKind::Unauthenticated => "the server does not accept the user or password",
        ErrorKind::Corrupt => "the data of a task contradict each other",
        ErrorKind::PermissionDenied => "the user lacks a permission that a state store needs",
        ErrorKind::OutOfSpace => "the server is at its memory limit: free some, or raise maxmemory",
        ErrorKind::Timeout => "no answer came in time",
        ErrorKind::Config => "the address or URL is not usable",
        _ => "the server cannot be reached or cannot work now",
    };
    Error::new(kind, format!("cannot {doing}: {advice}")).with_source(error)
}

fn kind(error: &RedisError) -> ErrorKind {
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    match (error.code(), error.kind()) {
        (Some("FENCED"), _) => ErrorKind::Fenced,
        (Some("SEQGAP"), _) => ErrorKind::SequenceGap,
        (Some("FOREIGN" | "WRONGTYPE"), _) => ErrorKind::InvalidArgument,
        (Some("OOM"), _) => ErrorKind::OutOfSpace,
        (Some("NOAUTH" | "WRONGPASS"), _) | (_, RedisKind::AuthenticationFailed) => {
            ErrorKind::Unauthenticated
        }
        (_, RedisKind::Server(ServerErrorKind::NoPerm)) => ErrorKind::PermissionDenied,
        (Some("TORN"), _) => ErrorKind::Corrupt,
        // Inside a script a forbidden command has no code of its own.
        _ if error.to_string().contains("can't run this command") => ErrorKind::PermissionDenied,
        (_, RedisKind::InvalidClientConfig) => ErrorKind::Config,
        _ => ErrorKind::Unavailable,
    }
}
