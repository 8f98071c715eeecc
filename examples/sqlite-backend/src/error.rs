//! What SQLite's errors mean to a caller.

use rusqlite::ErrorCode;
use store_core::{Effect, Error, ErrorKind};

/// What ends a transaction before it is committed: SQLite, or a refusal of ours.
pub(crate) enum Stop {
    Sqlite(rusqlite::Error),
    Refused(Error),
}

impl Stop {
    /// The caller's error; `doing` says what failed. Nothing was written: the transaction is rolled back.
    pub(crate) fn while_doing(self, doing: &str) -> Error {
        match self {
            Self::Sqlite(error) => sqlite(doing, error).with_effect(Effect::NotApplied),
            Self::Refused(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Maps SQLite's error; `doing` says what failed, and on what.
pub(crate) fn sqlite(doing: &str, error: rusqlite::Error) -> Error {
    let kind = kind(&error);
    Error::new(kind, format!("cannot {doing}: {}", advice(kind))).with_source(error)
}

fn kind(error: &rusqlite::Error) -> ErrorKind {
    let Some(code) = error.sqlite_error_code() else {
        // A column holds what we never put there.
        return ErrorKind::Corrupt;
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => ErrorKind::Locked,
        ErrorCode::DiskFull | ErrorCode::OutOfMemory => ErrorKind::OutOfSpace,
        ErrorCode::PermissionDenied | ErrorCode::ReadOnly => ErrorKind::PermissionDenied,
        ErrorCode::CannotOpen | ErrorCode::NotADatabase => ErrorKind::Config,
        ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation => ErrorKind::Corrupt,
        ErrorCode::TooBig => ErrorKind::TooLarge,
        _ => ErrorKind::Unavailable,
    }
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Locked => "somebody else writes to the file: try again, or raise timeout_ms",
        ErrorKind::OutOfSpace => "disk or memory is full: free some and try again",
        ErrorKind::PermissionDenied => "give the process the right to read and write the file",
        ErrorKind::Config => "it cannot be opened as an SQLite file: name another path",
        ErrorKind::Corrupt => "the file is damaged: restore it from a copy, or rebuild the state",
        ErrorKind::TooLarge => "it is above SQLite's limits: make it smaller",
        _ => "the disk does not work now: try again, or look at the system's log",
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;
    use store_core::{Effect, ErrorKind};

    use super::Stop;

    #[test]
    fn every_row() {
        for (code, kind) in [
            (ffi::SQLITE_BUSY, ErrorKind::Locked),
            (ffi::SQLITE_FULL, ErrorKind::OutOfSpace),
            (ffi::SQLITE_NOMEM, ErrorKind::OutOfSpace),
            (ffi::SQLITE_PERM, ErrorKind::PermissionDenied),
            (ffi::SQLITE_READONLY, ErrorKind::PermissionDenied),
            (ffi::SQLITE_CANTOPEN, ErrorKind::Config),
            (ffi::SQLITE_NOTADB, ErrorKind::Config),
            (ffi::SQLITE_CORRUPT, ErrorKind::Corrupt),
            (ffi::SQLITE_TOOBIG, ErrorKind::TooLarge),
            (ffi::SQLITE_IOERR, ErrorKind::Unavailable),
        ] {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = Stop::from(error).while_doing("commit task a/0");
            assert_eq!((error.kind(), error.effect()), (kind, Effect::NotApplied), "{code}");
            assert!(error.to_string().starts_with("cannot commit task a/0: "), "{error}");
        }
        let error = Stop::from(rusqlite::Error::QueryReturnedNoRows).while_doing("read");
        assert_eq!(error.kind(), ErrorKind::Corrupt);
    }
}
