//! An owner whose clock is an hour ahead, and who writes when the next one is there.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Result, ensure};
use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, puts, task};
use store_core::{
    backend::Backend,
    redo::{Clock, RedoConfig},
};

/// The machine's clocks, the wall clock an hour ahead.
#[derive(Debug)]
struct Ahead(Instant);

impl Clock for Ahead {
    fn wall_micros(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX) + 3_600_000_000
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

/// Settings of the redo log with a clock that is an hour ahead.
#[must_use]
pub fn an_hour_ahead() -> RedoConfig {
    let mut redo = RedoConfig::default();
    redo.clock = Arc::new(Ahead(Instant::now()));
    redo
}

/// Lets a zombie at `ahead` lose against the next owner at `plain`, over task 0, whose only key is deleted at the end.
pub async fn zombie_loses(ahead: &Arc<dyn Backend>, plain: &Arc<dyn Backend>) -> Result<Owner> {
    let model = |value: &str| -> Model { [(key("key"), key(value))].into() };
    let mut zombie = Owner::claim(ahead, &task(0)).await?;
    zombie.put(MAP, &model("zombie")).await?;
    let commit = zombie.next(puts(MAP, &model("late")));
    zombie.claim.writer.commit(&commit).await?;
    // Decided, and finished by the next owner, whose clock is an hour behind its stamp.
    let mut owner = Owner::claim(plain, &task(0)).await?;
    ensure!(all(owner.reader(), MAP).await? == model("late"));
    owner.put(MAP, &model("owner")).await?;
    // The zombie applies what was decided once more: it is older.
    zombie.claim.writer.apply().await?;
    ensure!(all(owner.reader(), MAP).await? == model("owner"), "an older write came through");
    let commit = owner.next(deletes(MAP, [key("key")]));
    owner.send(&commit).await?;
    Ok(owner)
}
