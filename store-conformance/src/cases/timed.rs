//! What the cases of windows, sessions and versions share.

use std::time::Duration;

use anyhow::Result;
use futures::{TryStreamExt, stream::BoxStream};
use store_core::backend::{MapId, TaskId};

use crate::{Context, waist::all};

/// A number of milliseconds.
pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Everything a listing gives.
pub(crate) async fn collect<T: Send>(
    found: BoxStream<'static, store_core::Result<T>>,
) -> Result<Vec<T>> {
    Ok(found.try_collect().await?)
}

/// How many entries the backend holds in segments of the first store, and outside of all segments, whatever the engine
/// believes.
pub(crate) async fn stored(
    context: &Context,
    segments: impl Iterator<Item = i64> + Send,
) -> Result<(usize, usize)> {
    let reader = context.backend().await?.read(&TaskId::new("app", 0)?).await?;
    let mut stored = 0;
    for segment in segments {
        stored += all(&*reader, MapId::segment(1, segment)).await?.len();
    }
    Ok((stored, all(&*reader, MapId::whole(1)).await?.len()))
}
