//! Opens a database that may be damaged and reads all of it.

use anyhow::{Context as _, Result};

use crate::{
    args::FaultOptions,
    data::{self, MAPS},
    engine::Order,
};

/// Entries of the undamaged database.
pub(crate) const ENTRIES: u64 = 200_000;

/// Opens and reads everything; prints how many entries there are and whether their values are right.
pub(crate) fn run(options: &FaultOptions) -> Result<()> {
    let engine = options.engine.open(&options.dir)?;
    let (mut seen, mut wrong) = (0, 0);
    for map in 0..MAPS {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = engine.page(map, after.as_deref(), Order::Forward, 1000).context("read")?;
            for (key, value) in &page {
                let n =
                    key.get(8..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
                wrong += u64::from(n.is_none_or(|n| *value != data::value(n, 0)));
                seen += 1;
            }
            let Some((key, _)) = page.into_iter().next_back() else { break };
            after = Some(key);
        }
    }
    let missing = if seen == ENTRIES { "" } else { ", SILENTLY MISSING entries" };
    println!("opens{missing}{}", if wrong == 0 { "" } else { ", WRONG values" });
    Ok(())
}
