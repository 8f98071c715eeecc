//! Which keys the operations of a row take: chosen before the clock runs.

use std::{collections::HashMap, sync::Arc};

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

/// The choices of all rows, made once.
#[derive(Debug, Default)]
pub(crate) struct Choices(HashMap<(u64, bool), Arc<[u32]>>);

impl Choices {
    /// The choices of a row.
    pub(crate) fn of(&mut self, row: Row, data: &Data) -> Result<Arc<[u32]>> {
        let among = match row {
            Row::GetHot => data.keys.min(HOT),
            Row::UpdateUncommitted | Row::UpdateCommitting => data.keys.min(BUFFERED),
            Row::WindowFetch | Row::WindowPut => data.window_keys(),
            Row::SessionMerge => data.session_keys(),
            Row::VersionedAsOf | Row::VersionedPut => data.versioned_keys(),
            _ => data.keys,
        };
        let zipf = matches!(
            row,
            Row::GetZipf | Row::UpdateZipf | Row::UpdateConcurrent | Row::UpdateUnits
        );
        if let Some(known) = self.0.get(&(among, zipf)) {
            return Ok(known.clone());
        }
        let choices = if zipf { by_zipf(among)? } else { evenly(among)? };
        self.0.insert((among, zipf), choices.clone());
        Ok(choices)
    }
}

fn evenly(among: u64) -> Result<Arc<[u32]>> {
    let among = u32::try_from(among)?;
    let mut random = StdRng::seed_from_u64(1);
    Ok((0..CHOICES).map(|_| random.random_range(0..among)).collect())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "ranks are whole numbers from 1 to the number of keys, which is below 2^32"
)]
fn by_zipf(among: u64) -> Result<Arc<[u32]>> {
    let random = StdRng::seed_from_u64(2);
    let ranks = random.sample_iter(Zipf::new(among as f64, EXPONENT)?);
    Ok(ranks.take(CHOICES).map(|rank| rank as u32 - 1).collect())
}
