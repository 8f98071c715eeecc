//! What the engine's errors mean to a caller.

use std::{
    error::Error as StdError,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use store_core::{Effect, Error, ErrorKind, Result};

/// Maps an engine's error; `doing` says what failed.
pub(crate) fn engine(path: &Path, doing: &str, error: fjall::Error) -> Error {
    let kind = kind(&error);
    let advice = match kind {
        ErrorKind::OutOfSpace => "free some space on the disk and try again",
        ErrorKind::Locked => "another process has it open: stop that one, or use another directory",
        ErrorKind::PermissionDenied => "give the process the right to read and write it",
        ErrorKind::Unavailable => {
            "the disk does not work now: try again, or look at the system's log"
        }
        _ => {
            "the files are damaged: restore the directory from a copy, or remove it and rebuild it from the sources"
        }
    };
    let message = format!("cannot {doing} in {}: {advice}", path.display());
    Error::new(kind, message).with_source(error).with_effect(Effect::NotApplied)
}

fn kind(error: &fjall::Error) -> ErrorKind {
    if let Some(io) = io_cause(error) {
        return io_kind(io);
    }
    match error {
        fjall::Error::Locked => ErrorKind::Locked,
        fjall::Error::Poisoned => ErrorKind::Unavailable,
        _ => ErrorKind::Corrupt,
    }
}

/// Maps an error of the operating system.
pub(crate) fn io_kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::OutOfSpace,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ErrorKind::PermissionDenied
        }
        // Short, missing and malformed files.
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::InvalidData
        | io::ErrorKind::NotFound
        | io::ErrorKind::AlreadyExists => ErrorKind::Corrupt,
        _ => ErrorKind::Unavailable,
    }
}

fn io_cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.find_map(|error| error.downcast_ref())
}

/// The error for a panic inside the engine.
pub(crate) fn panicked() -> Error {
    let message = "the storage engine panicked: open the task again; if that fails, too, its files are damaged: restore \
                   the directory from a copy";
    Error::new(ErrorKind::Corrupt, message).with_effect(Effect::Unknown)
}

/// Work that leaves nothing half done where the engine panics over damaged files, such as reads: then it is an error.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(panicked()))
}

/// An error of a file beside the engine.
pub(crate) fn file(path: &Path, doing: &str, error: io::Error) -> Error {
    let kind = io_kind(&error);
    Error::new(kind, format!("cannot {doing} {}", path.display())).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::{io, path::Path};

    use store_core::ErrorKind;

    use super::engine;

    #[test]
    fn every_row() {
        let io = |kind: io::ErrorKind| fjall::Error::Io(kind.into());
        for (error, kind) in [
            (io(io::ErrorKind::StorageFull), ErrorKind::OutOfSpace),
            (io(io::ErrorKind::QuotaExceeded), ErrorKind::OutOfSpace),
            (io(io::ErrorKind::ReadOnlyFilesystem), ErrorKind::PermissionDenied),
            (io(io::ErrorKind::PermissionDenied), ErrorKind::PermissionDenied),
            (io(io::ErrorKind::UnexpectedEof), ErrorKind::Corrupt),
            (io(io::ErrorKind::Other), ErrorKind::Unavailable),
            (fjall::Error::Locked, ErrorKind::Locked),
            (fjall::Error::Poisoned, ErrorKind::Unavailable),
            (fjall::Error::InvalidTrailer, ErrorKind::Corrupt),
            (fjall::Error::Unrecoverable, ErrorKind::Corrupt),
        ] {
            assert_eq!(engine(Path::new("x"), "commit", error).kind(), kind);
        }
    }
}
