//! Which keys the operations of a row take: chosen before the clock runs.

use std::sync::Arc;

use anyhow::Result;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rand_distr::Zipf;

use crate::{data::Data, row::Row};

/// Keys taken again and again by [`Row::GetHot`].
const HOT: u64 = 1000;
/// Keys whose uncommitted updates fit into the buffers.
const BUFFERED: u64 = 100_000;
/// Choices made for a row; longer runs begin again.
const CHOICES: usize = 1 << 20;
/// The exponent of Zipf's law.
const EXPONENT: f64 = 0.99;

/// How many keys a row takes its own from.
pub(crate) fn among(row: Row, data: &Data) -> u64 {
    match row {
        Row::GetHot => data.keys.min(HOT),
        Row::UpdateUncommitted | Row::UpdateCommitting => data.keys.min(BUFFERED),
        Row::WindowFetch | Row::WindowPut => data.window_keys(),
        Row::SessionMerge | Row::SessionMergeHot => data.session_keys(),
        Row::VersionedAsOf | Row::VersionedPut | Row::VersionedPutNew | Row::VersionedPutLate => {
            data.versioned_keys()
        }
        _ => data.keys,
    }
}

/// The choices of a row in a round; those of another know nothing of them, so that no row finds what it wants in a cache
/// because the one before wanted just that.
pub(crate) fn choices(row: Row, round: usize, data: &Data) -> Result<Arc<[u32]>> {
    let random = StdRng::seed_from_u64((row as u64) << 32 | round as u64);
    let by_law = [
        Row::GetZipf,
        Row::GetZipfConcurrent,
        Row::UpdateZipf,
        Row::UpdateConcurrent,
        Row::UpdateUnits,
    ];
    let choose = if by_law.contains(&row) { by_zipf } else { evenly };
    choose(among(row, data), random)
}

fn evenly(among: u64, mut random: StdRng) -> Result<Arc<[u32]>> {
    let among = u32::try_from(among)?;
    Ok((0..CHOICES).map(|_| random.random_range(0..among)).collect())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "ranks are whole numbers from 1 to the number of keys, which is below 2^32"
)]
fn by_zipf(among: u64, random: StdRng) -> Result<Arc<[u32]>> {
    let ranks = random.sample_iter(Zipf::new(among as f64, EXPONENT)?);
    Ok(ranks.take(CHOICES).map(|rank| rank as u32 - 1).collect())
}
