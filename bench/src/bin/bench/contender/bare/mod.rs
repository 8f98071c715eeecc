//! Backends without the engine and the typed stores: the same layouts by hand.

pub(crate) mod cassandra;
mod concurrent;
pub(crate) mod elastic;
pub(crate) mod fjall;
mod hand;
mod reads;
pub(crate) mod redis;
mod timed;
pub(crate) mod tree;
pub(crate) mod waist;
mod writes;

use anyhow::{Context, Result};
use bytes::Bytes;
use store::backend::MapId;

pub(crate) use self::hand::Hand;

/// One write of a batch; `None` deletes.
pub(crate) type Write = (MapId, Vec<u8>, Option<Bytes>);

/// The least that stores need of a backend, without copies that it does not make by itself.
pub(crate) trait Bare: Sized + Send + Sync + 'static {
    /// Shows the value of a key.
    fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> impl Future<Output = Result<T>> + Send;

    /// Shows the entries from one key to another, both inclusive, up to a number of them.
    fn scan(
        &mut self,
        map: MapId,
        ends: (&[u8], &[u8]),
        limit: usize,
        see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Writes a batch, all or nothing, so that it lasts as it does under the typed stores.
    fn commit(&mut self, writes: Vec<Write>) -> impl Future<Output = Result<()>> + Send;

    /// Another handle for a concurrent handler, where the backend allows it.
    fn handle(&self) -> Option<Self>;
}

/// The scheme of a server's URL, and its nodes with commas between.
fn parts(url: &str) -> Result<(&str, &str)> {
    let (scheme, rest) = url.split_once("://").context("a URL of the form SCHEME://HOST:PORT")?;
    Ok((scheme, rest.split(['/', '?']).next().unwrap_or_default()))
}

/// The map of entries.
const ENTRIES: MapId = MapId::whole(1);
/// The latest versions.
const LATEST: MapId = MapId::whole(4);
/// The length of a segment: as that of the typed stores.
const SEGMENT_MS: i64 = 1_800_000;

const fn windows(time: i64) -> MapId {
    MapId::segment(2, time / SEGMENT_MS)
}

const fn sessions(time: i64) -> MapId {
    MapId::segment(3, time / SEGMENT_MS)
}

const fn superseded(time: i64) -> MapId {
    MapId::segment(4, time / SEGMENT_MS)
}

/// The stored key of a key at some times.
fn place<const N: usize>(key: u128, times: [i64; N]) -> Vec<u8> {
    let mut place = Vec::with_capacity(16 + 8 * N + 1);
    place.extend(key.to_be_bytes());
    for time in times {
        place.extend((time.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    }
    place
}
