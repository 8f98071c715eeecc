//! Faults of the engine that a test turns on by fail points, to see that the conformance suite notices.

/// Whether a fault is on; never in normal builds.
pub(crate) fn is_on(_fault: &str) -> bool {
    fail::fail_point!(_fault, |_| true);
    false
}
