//! The steps of claims and commits, as fail points.

/// The fail points of this backend, for crash tests; they do something with the feature `failpoints` only.
pub const STEPS: [&str; 8] =
    [CLAIMING, CLAIMED, MAP_MADE, WRITING, WRITTEN, NOTED, REMOVING, CLEANED];

/// A claim is about to be recorded.
pub(crate) const CLAIMING: &str = "embedded::claiming";
/// A claim was recorded; what a crash left is not removed yet.
pub(crate) const CLAIMED: &str = "embedded::claimed";
/// A commit has made a map that its task's record does not name yet.
pub(crate) const MAP_MADE: &str = "embedded::map_made";
/// A commit is about to be written.
pub(crate) const WRITING: &str = "embedded::writing";
/// A commit was written and synced.
pub(crate) const WRITTEN: &str = "embedded::written";
/// A commit was noted beside the journal.
pub(crate) const NOTED: &str = "embedded::noted";
/// A map that no record names is about to be removed.
pub(crate) const REMOVING: &str = "embedded::removing";
/// Everything of a commit is done; nobody knows yet.
pub(crate) const CLEANED: &str = "embedded::cleaned";

/// Does what the fail point of this name is set to. Nothing in normal builds.
pub(crate) fn step(_name: &str) {
    fail::fail_point!(_name);
}
