//! What the cases of windows, sessions and versions share.

use std::time::Duration;

use anyhow::Result;
use store_core::backend::MapId;

pub(crate) use super::tools::rows as collect;
use crate::{
    Context,
    waist::{MAP, all, task},
};

/// A number of milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// How many entries the backend holds in segments of the first store, and outside of all segments, whatever the engine
/// believes.
pub(crate) async fn stored(
    context: &Context,
    segments: impl Iterator<Item = i64> + Send,
) -> Result<(usize, usize)> {
    let reader = context.backend().await?.read(&task(0)).await?;
    let mut stored = 0;
    for segment in segments {
        stored += all(&*reader, MapId::segment(1, segment)).await?.len();
    }
    Ok((stored, all(&*reader, MAP).await?.len()))
}
