//! Rules of the protocol that can be left out, to show that it would be noticed.

mod early;
mod primitives;

pub(super) use self::{early::Early, primitives::Broken};

/// A rule of the protocol that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Break {
    /// The compare-and-set of a commit does not compare the fence.
    CommitWithoutFence,
    /// The compare-and-set of a commit does not compare the sequence number.
    CommitWithoutSequence,
    /// The writes of a commit are sent before it is decided.
    ApplyBeforeDeciding,
    /// Whoever finishes a commit gives its writes new stamps.
    NewStampsOnFinish,
    /// Stamps come from the clock alone.
    StampsFromClock,
    /// A claim uses what it read before it raised the epoch.
    ClaimReadsOnce,
    /// A claim writes back the highest stamp it read before it raised the epoch.
    ClaimWritesStamp,
    /// Removing a mark checks nothing.
    ClearWithoutCondition,
    /// Removing a mark checks the epoch only.
    ClearByEpochOnly,
    /// Logs are named without epoch and attempt.
    LogWithoutEpoch,
    /// Logs are named without attempt.
    LogWithoutAttempt,
    /// A delete removes the record instead of leaving a mark.
    PhysicalDelete,
    /// A commit counts as applied before its writes are acknowledged.
    DecideBeforeApplied,
    /// The mark is removed before the writes are sent.
    ClearBeforeApply,
    /// A claim removes every log that the record it read does not name, slowly.
    SweepAllOthers,
    /// A claim removes the logs of lower epochs while the mark may name one.
    SweepPending,
    /// A new owner does not finish a decided commit.
    NotFinished,
    /// A read that does not find a commit of unknown outcome counts as: it did not happen.
    SettledByReading,
    /// A commit counts as readable before its writes are sent, so that reads no longer look at the frozen writes.
    ReadableTooEarly,
    /// A reader does not lay the decided log over the data.
    ReaderSkipsLog,
    /// A reader does not read the record again afterwards.
    ReaderLooksOnce,
    /// A reader does not hide what lies below a floor.
    FloorIgnored,
    /// Destroying a task removes its record.
    DestroyForgets,
    /// Writes are sent however long ago the commit was decided.
    ApplyAtAnyAge,
    /// Marks of deleted keys are removed while older writes may still come.
    PurgedTooEarly,
}

impl Break {
    /// All of them.
    pub const ALL: [Self; 25] = [
        Self::CommitWithoutFence,
        Self::CommitWithoutSequence,
        Self::ApplyBeforeDeciding,
        Self::NewStampsOnFinish,
        Self::StampsFromClock,
        Self::ClaimReadsOnce,
        Self::ClaimWritesStamp,
        Self::ClearWithoutCondition,
        Self::ClearByEpochOnly,
        Self::LogWithoutEpoch,
        Self::LogWithoutAttempt,
        Self::PhysicalDelete,
        Self::DecideBeforeApplied,
        Self::ClearBeforeApply,
        Self::SweepAllOthers,
        Self::SweepPending,
        Self::NotFinished,
        Self::SettledByReading,
        Self::ReadableTooEarly,
        Self::ReaderSkipsLog,
        Self::ReaderLooksOnce,
        Self::FloorIgnored,
        Self::DestroyForgets,
        Self::ApplyAtAnyAge,
        Self::PurgedTooEarly,
    ];
}
