//! What the cases of windows, sessions and versions share.

use std::time::Duration;

use anyhow::Result;
use store_core::backend::MapId;

use super::tools;
pub(crate) use super::tools::rows as collect;
use crate::{Context, waist::MAP};

/// A number of milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// First times of tasks, as far from the clock on the wall as they come, by their partitions: the first moments of 1970, a
/// time to come, and the first ones again.
pub(crate) const OFF_THE_WALL: [(u32, i64); 3] = [(0, 0), (1, 100_000 * YEAR), (2, 0)];

const YEAR: i64 = 365 * 24 * 3_600_000;

/// For how long rows live by their own time, in cases that let it pass on the wall.
pub(crate) const BRIEF: Duration = ms(500);

/// Lets it pass on the wall, also where a database counts by whole seconds.
pub(crate) async fn brief_passes() {
    tokio::time::sleep(ms(1600)).await;
}

/// How many entries the backend holds in segments of the first store, and outside of all segments, whatever the engine
/// believes.
pub(crate) async fn stored(
    context: &Context,
    segments: impl Iterator<Item = i64> + Send,
) -> Result<(usize, usize)> {
    let in_segments = segments.map(|segment| MapId::segment(1, segment));
    Ok((tools::stored(context, in_segments).await?, tools::stored(context, [MAP]).await?))
}
