//! The steps of claims and commits, as fail points.

/// The fail points of this backend, for crash tests; they do something with the feature `failpoints` only.
pub const STEPS: [&str; 7] = [CLAIMED, FINISHING, STAGING, STAGED, DECIDED, APPLYING, APPLIED];

/// A claim was recorded; a commit that the owner before has decided is not finished yet.
pub(crate) const CLAIMED: &str = "redis::claimed";
/// Such a commit is about to be applied.
pub(crate) const FINISHING: &str = "redis::finishing";
/// A chunk of a large commit is about to be put into the log.
pub(crate) const STAGING: &str = "redis::staging";
/// All chunks are in the log, and nothing is decided.
pub(crate) const STAGED: &str = "redis::staged";
/// A commit is decided; a large one is not applied.
pub(crate) const DECIDED: &str = "redis::decided";
/// A chunk is about to be applied.
pub(crate) const APPLYING: &str = "redis::applying";
/// All chunks are applied.
pub(crate) const APPLIED: &str = "redis::applied";

/// Does what the fail point of this name is set to. Nothing in normal builds.
pub(crate) fn step(_name: &str) {
    fail::fail_point!(_name);
}
