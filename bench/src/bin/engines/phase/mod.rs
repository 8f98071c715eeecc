//! The measurements, in the order in which they run on one database.

pub(crate) mod commits;
pub(crate) mod load;
pub(crate) mod reads;
pub(crate) mod reopen;
pub(crate) mod segments;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use crate::{args::Size, engine::Engine, report::Numbers};

/// What a phase works on.
pub(crate) struct Context<'a> {
    pub engine: &'a dyn Engine,
    pub dir: &'a Path,
    pub size: &'a Size,
    pub numbers: &'a mut Numbers,
}

impl Context<'_> {
    fn budget(&self) -> Duration {
        Duration::from_secs_f64(self.size.seconds)
    }
}

/// Repeats `step` until `budget` is spent and says how often per second it ran.
fn per_second(
    budget: Duration,
    mut step: impl FnMut(u64) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    let start = Instant::now();
    let mut done = 0;
    while done == 0 || start.elapsed() < budget {
        step(done)?;
        done += 1;
    }
    Ok(done as f64 / start.elapsed().as_secs_f64())
}
