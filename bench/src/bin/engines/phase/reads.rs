//! Point reads and scans through the API, pages resumed by key.

use anyhow::{Result, ensure};

use super::{Context, per_second};
use crate::{
    data::{self, Random},
    engine::Order,
};

const PAGE: usize = 1000;

pub(crate) fn run(context: &mut Context<'_>) -> Result<()> {
    let (engine, loaded, budget) = (context.engine, context.size.entries, context.budget());
    let mut random = Random::new(7);
    let mut some = |count: u64, offset: u64| -> Vec<(u32, Vec<u8>)> {
        let pick = |_| {
            let n = random.below(loaded) + offset;
            (data::map_of(n), data::key(n))
        };
        (0..count).map(pick).collect()
    };

    let rate = per_second(budget, |_| {
        ensure!(engine.get_many(&some(1, 0))?[0].is_some(), "a loaded key is missing");
        Ok(())
    })?;
    context.numbers.set("point reads/s, one by one", rate);
    let rate = per_second(budget, |_| engine.get_many(&some(100, 0)).map(drop))?;
    context.numbers.set("point reads/s, 100 at once", rate * 100.0);
    let rate = per_second(budget, |_| engine.get_many(&some(1, loaded * 8)).map(drop))?;
    context.numbers.set("missing keys/s, one by one", rate);

    for (order, name) in
        [(Order::Forward, "scan forward, entries/s"), (Order::Backward, "scan backward, entries/s")]
    {
        let (mut map, mut after, mut seen) = (0, None, 0_u64);
        let start = std::time::Instant::now();
        while start.elapsed() < budget {
            let page = engine.page(map, after.as_deref(), order, PAGE)?;
            seen += page.len() as u64;
            after = page.into_iter().next_back().map(|(key, _)| key);
            if after.is_none() {
                map = (map + 1) % data::MAPS;
            }
        }
        context.numbers.set(name, seen as f64 / start.elapsed().as_secs_f64());
    }

    let rate = per_second(budget, |_| {
        let (map, key) = some(1, 0).remove(0);
        engine.page(map, Some(&key), Order::Forward, 100).map(drop)
    })?;
    context.numbers.set("scans/s of 100 from a random key", rate);
    Ok(())
}
