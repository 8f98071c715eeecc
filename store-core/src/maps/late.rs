//! Late records are refused, never silently.

use crate::backend::{StoreSpec, TaskId};

/// The counter of late records in the `metrics` registry, by application, partition and store.
pub(super) const LATE_RECORDS: &str = "store_late_records_total";

/// Counts a late record where operators look.
pub(super) fn report(task: &TaskId, spec: &StoreSpec) {
    let labels = [
        ("application", task.application.to_string()),
        ("partition", task.partition.to_string()),
        ("store", spec.name.to_string()),
    ];
    metrics::counter!(LATE_RECORDS, &labels).increment(1);
    tracing::debug!(%task, store = %spec.name, "a record came too late and was dropped");
}
