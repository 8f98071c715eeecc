//! One program, step by step: the transcript is the same on every backend (G10).

use std::{fmt::Debug, time::Duration};

use anyhow::{Result, ensure};
use store_core::prelude::*;

use crate::{Context, cases::tools::rows};

const HOUR_MS: i64 = 3_600_000;
const HOUR: Duration = Duration::from_secs(3600);

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
static HOURS: Window<String, u64> = Window::new("hours", HOUR, HOUR.saturating_mul(3));
static VISITS: Session<String, u64> = Session::new("visits", HOUR.saturating_mul(3));
static PRICES: VersionedKeyValue<String, u64> =
    VersionedKeyValue::new("prices", HOUR.saturating_mul(3));

/// A line for each answer, errors by their kind and effect.
#[derive(Default)]
struct Transcript(Vec<String>);

impl Transcript {
    fn say<T: Debug>(&mut self, what: &str, answer: Result<T, Error>) {
        self.note(what, answer.map_err(|error| format!("{} {}", error.kind(), error.effect())));
    }

    fn say_kind<T: Debug>(&mut self, what: &str, answer: Result<T, Error>) {
        self.note(what, answer.map_err(|error| error.kind().to_string()));
    }

    fn note<T: Debug>(&mut self, what: &str, answer: Result<T, String>) {
        let answer = answer.map_or_else(|error| error, |answer| format!("{answer:?}"));
        self.0.push(format!("{what}: {answer}"));
    }
}

pub(crate) async fn has_one_transcript(context: Context) -> Result<()> {
    let mut said = Transcript::default();
    let open = async || {
        let task = context.task().await?.store(&COUNTS).store(&HOURS).store(&VISITS);
        anyhow::Ok(task.store(&PRICES).open().await?)
    };
    let task = open().await?;
    let (ann, bob) = ("ann".to_owned(), "bob".to_owned());
    let more = |n: Option<u64>| Some(n.unwrap_or(0) + 1);
    for (position, (user, hour)) in
        (1_i64..).zip([(&ann, 0), (&bob, 1), (&ann, 1), (&ann, 5), (&bob, 2), (&bob, 3)])
    {
        let time = hour * HOUR_MS + 60_000 * position;
        task.store(&COUNTS)?.update(user, more).await?;
        let hours = task.store(&HOURS)?;
        said.say("hour", hours.update(user, hours.window_of(time), more).await);
        let count =
            |found: Vec<(SessionWindow, u64)>| 1 + found.iter().map(|(_, n)| n).sum::<u64>();
        let event = SessionWindow::new(time, time);
        said.say("visit", task.store(&VISITS)?.merge(user, event, HOUR_MS, count).await);
        let price = u64::try_from(position)?;
        said.say("price", task.store(&PRICES)?.put(user, Some(&price), time).await);
        if position % 2 == 0 {
            said.say("commit", task.commit([("clicks", position)]).await);
        }
    }
    let above = "x".repeat(store_core::PORTABLE_KEY_BYTES + 1);
    said.say("a long key", task.store(&COUNTS)?.put(&above, &1).await);
    said.say("a bad window", task.store(&HOURS)?.put(&ann, -1, Some(&1)).await);
    said.say("a bad offset", task.commit([("clicks", -1)]).await);
    task.store(&COUNTS)?.delete(&bob).await?;
    said.say("rollback", task.rollback().await);
    let next = open().await?;
    // Whether it is known to have no effect depends on how often a layer had to send it.
    said.say_kind("the owner before", task.commit([("clicks", 99)]).await);
    said.say("its reads", task.store(&COUNTS)?.get(&ann).await);
    said.say("counts", Ok(rows(next.store(&COUNTS)?.all()).await?));
    let hours = rows(next.store(&HOURS)?.all(Order::Backward)).await?;
    said.say(
        "hours",
        Ok(hours.into_iter().map(|(at, n)| (at.key, at.start, n)).collect::<Vec<_>>()),
    );
    let visits = rows(next.store(&VISITS)?.all(Order::Forward)).await?;
    let visits = visits.into_iter().map(|(user, at, n)| (user, at.start, at.end, n));
    said.say("visits", Ok(visits.collect::<Vec<_>>()));
    let old = next.store(&PRICES)?.get_as_of(&ann, 3 * HOUR_MS).await;
    said.say("a price", old.map(|price| price.map(|price| (price.value, price.valid_to))));
    said.say(
        "offsets",
        next.checkpoint().map(|checkpoint| (checkpoint.sequence, checkpoint.offsets)),
    );
    let read = context.read().await?;
    let other: KeyValue<u64, u64> = KeyValue::new("counts");
    said.say("other keys", read.store(&other).await.map(drop));
    next.close().await?;
    said.say("closed", next.store(&COUNTS)?.get(&ann).await);
    let nobody = context.database().await?.read("nobody", 0).await;
    said.say("nobody", nobody.map(drop));
    ensure!(said.0 == EXPECTED, "{:#?}", said.0);
    Ok(())
}

/// Ann's first hours are gone by the time of her last; Bob's record of 02:05 comes too late for its hour, not for a visit.
const EXPECTED: &[&str] = &[
    "hour: Stored",
    "visit: Stored",
    "price: Latest",
    "hour: Stored",
    "visit: Stored",
    "price: Latest",
    "commit: ()",
    "hour: Stored",
    "visit: Stored",
    "price: Latest",
    "hour: Stored",
    "visit: Stored",
    "price: Latest",
    "commit: ()",
    "hour: Late",
    "visit: Stored",
    "price: Latest",
    "hour: Stored",
    "visit: Stored",
    "price: Latest",
    "commit: ()",
    "a long key: TooLarge not_applied",
    "a bad window: InvalidArgument not_applied",
    "a bad offset: InvalidArgument not_applied",
    "rollback: ()",
    "the owner before: Fenced",
    "its reads: Fenced not_applied",
    "counts: [(\"ann\", 3), (\"bob\", 3)]",
    "hours: [(\"ann\", 18000000, 1), (\"bob\", 10800000, 1)]",
    "visits: [(\"bob\", 7500000, 7500000, 1), (\"bob\", 11160000, 11160000, 1), (\"ann\", 18240000, 18240000, 1)]",
    "a price: Some((3, Some(18240000)))",
    "offsets: (3, {\"clicks\": 6})",
    "other keys: SchemaMismatch not_applied",
    "closed: Closed not_applied",
    "nobody: NotFound not_applied",
];
