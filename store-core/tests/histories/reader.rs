//! Readers of a task that others own.

use rand::{Rng, SeedableRng, rngs::SmallRng};
use store_core::{Database, Order, ReadTask, prelude::*};

use super::{
    model::SEGMENTS,
    shared::Shared,
    stores::{DATA, Segmented, read, read_segments, scan, scan_segment},
};

/// Looks at the state now and then: each answer must be the state of some number of records, whole.
pub async fn reader(shared: &Shared, database: Database, seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut open = None;
    for _ in 0..random.random_range(2..10) {
        // A handle may be used long after it was opened.
        if open.is_none() || random.random_ratio(1, 3) {
            open = database.read("app", 0).await.ok();
        }
        let Some(task) = &open else { continue };
        match look(shared, task, &mut random).await {
            Ok(()) => shared.tally.borrow_mut().read_whole += 1,
            Err(error) => shared.judge(&error),
        }
    }
}

async fn look(shared: &Shared, task: &ReadTask, random: &mut SmallRng) -> Result<()> {
    let who = "a reader";
    match random.random_range(0..5) {
        0 => {
            let data = task.store(&DATA).await?;
            shared.check(&read(&*data).await?, who);
        }
        order @ 1..3 => {
            let data = task.store(&DATA).await?;
            let order = if order == 1 { Order::Forward } else { Order::Backward };
            shared.check(&scan(&*data, order).await?, who);
        }
        3 => {
            let segments = task.store(&Segmented).await?;
            shared.check_segments(&read_segments(&segments).await?, who);
        }
        _ => {
            let segments = task.store(&Segmented).await?;
            let segment = random.random_range(0..SEGMENTS);
            if scan_segment(&segments, segment).await? > 1 {
                shared.violated(format!("{who} sees two lists in segment {segment}"));
            }
        }
    }
    Ok(())
}
