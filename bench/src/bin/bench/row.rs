//! What is measured.

use clap::ValueEnum;
use serde::Serialize;

/// One line of the table for each target; the README says exactly what each does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Row {
    /// Reads of keys chosen evenly, one after the other.
    GetUniform,
    /// Reads of keys chosen by Zipf's law, exponent 0.99.
    GetZipf,
    /// Reads of keys that are not there.
    GetMissing,
    /// Reads of 1000 keys again and again.
    GetHot,
    /// Reads of keys chosen evenly, 256 at the same time.
    GetConcurrent,
    /// Reads of keys chosen by Zipf's law, 256 at the same time, after others by the same law.
    GetZipfConcurrent,
    /// Ranges of 100 entries; entries are counted.
    Range,
    /// All entries in order; entries are counted.
    Scan,
    /// The windows of a key in a time that touches two segments; fetches are counted.
    WindowFetch,
    /// Reads of a version that was superseded.
    VersionedAsOf,
    /// Puts of keys chosen evenly, committed.
    Put,
    /// Read-modify-write by Zipf's law, committed, by one handler.
    UpdateZipf,
    /// The same by 64 concurrent handlers.
    UpdateConcurrent,
    /// The same by 64 concurrent handlers, each record in a unit.
    UpdateUnits,
    /// Read-modify-write that is not committed while it is measured.
    UpdateUncommitted,
    /// The same while commits are on their way.
    UpdateCommitting,
    /// Puts into windows, committed.
    WindowPut,
    /// An event merged into the session before it, committed.
    SessionMerge,
    /// The same with ten sessions that take all events.
    SessionMergeHot,
    /// Puts of versions, each superseding one, committed.
    VersionedPut,
    /// Puts of versions of keys that have none, committed.
    VersionedPutNew,
    /// Puts of versions between two others, committed.
    VersionedPutLate,
}

impl Row {
    /// Whether it needs windows, sessions or versions.
    pub(crate) const fn is_timed(self) -> bool {
        matches!(
            self,
            Self::WindowFetch
                | Self::VersionedAsOf
                | Self::WindowPut
                | Self::SessionMerge
                | Self::SessionMergeHot
                | Self::VersionedPut
                | Self::VersionedPutNew
                | Self::VersionedPutLate
        )
    }

    /// What is counted.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Range | Self::Scan => "entries/s",
            _ => "ops/s",
        }
    }
}
