//! The process that is killed: it works through the stream and says what it does.

use std::{
    io::Write,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{Database, Effect, EngineConfig, Error, ErrorKind, Task};
use tokio::time::{sleep, timeout};

use super::{
    record::{Record, SOURCE, mix},
    report::Report,
    steps::Stepped,
    stores::{self, Stores},
    work::Work,
};

/// How long a backend may be away.
const PATIENCE: Duration = Duration::from_secs(120);

/// Works until the records are processed, the task is lost to others, or the process is killed.
///
/// Fail points that are to work must have been set up.
pub async fn work(work: Work) -> Result<()> {
    // A fail point panics; the process then ends at once, as by a kill.
    std::panic::set_hook(Box::new(|panic| {
        let _ = writeln!(std::io::stderr(), "{panic}");
        std::process::abort();
    }));
    let work = Arc::new(work);
    let database = patiently(|| store::connect(&work.url)).await?;
    let stepped = Arc::new(Stepped::new(database.backend().clone(), work.fault));
    let database = Database::with(stepped, EngineConfig::default())?;
    let owners = (0..work.owners).map(|number| {
        let owner = Owner {
            random: StdRng::seed_from_u64(mix(work.choices, number)),
            database: database.clone(),
            work: work.clone(),
            number,
            commits: 0,
            since: Instant::now(),
        };
        tokio::spawn(owner.run())
    });
    for owner in owners.collect::<Vec<_>>() {
        owner.await??;
    }
    Ok(())
}

/// Says what was done; whoever listened being gone, there is no more to do.
fn tell(report: &Report) {
    static OUT: LazyLock<Mutex<std::io::Stdout>> = LazyLock::new(|| Mutex::new(std::io::stdout()));
    let mut out = OUT.lock().unwrap_or_else(PoisonError::into_inner);
    if writeln!(out, "{}", report.line()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

/// Repeats what may succeed later.
async fn patiently<T, F: Future<Output = store::Result<T>>>(call: impl Fn() -> F) -> Result<T> {
    let start = Instant::now();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && start.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(20)).await;
            }
            done => return done.context("no patience is left"),
        }
    }
}

/// One owner of the task, among others in this process and elsewhere.
struct Owner {
    random: StdRng,
    database: Database,
    work: Arc<Work>,
    number: u64,
    commits: u64,
    /// When something last went well.
    since: Instant,
}

/// Why an owner lets go of a claim.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    /// All is done.
    Done,
    /// It claims again.
    Again,
    /// Somebody else has claimed the task.
    Fenced,
}

/// Records that are not known to be committed.
#[derive(Debug)]
struct Open {
    tag: String,
    to: i64,
}

impl Owner {
    async fn run(mut self) -> Result<()> {
        for claim in 1..=self.work.claims {
            let work = self.work.clone();
            let opened = patiently(|| stores::open(&self.database, &work.application)).await;
            let last = claim == self.work.claims;
            let ended = match opened {
                // Another claim came while this one was on its way.
                Err(error) if is_fenced(&error) => Ended::Fenced,
                opened => {
                    let (task, stores) = opened?;
                    self.process(&task, &stores, last).await?
                }
            };
            match ended {
                Ended::Done => return Ok(()),
                Ended::Again => {}
                Ended::Fenced => {
                    tell(&Report::Fenced);
                    let pause = self.random.random_range(0..20);
                    sleep(Duration::from_millis(pause)).await;
                }
            }
        }
        Ok(())
    }

    /// Works under one claim. Whatever goes wrong is either mended here or ends it.
    async fn process(&mut self, task: &Task, stores: &Stores, last: bool) -> Result<Ended> {
        let checkpoint = task.checkpoint()?;
        let mut at = checkpoint.offsets.get(SOURCE).copied().unwrap_or(0);
        tell(&Report::Claimed { offset: at, sequence: checkpoint.sequence });
        let mut open: Vec<Open> = Vec::new();
        let units = self.random.random_bool(0.5);
        while at < self.work.until || !open.is_empty() {
            if !last && !self.work.steady && self.random.random_bool(0.05) {
                return Ok(Ended::Again);
            }
            let goes_on = open.is_empty() || self.random.random_bool(0.5);
            if goes_on && at < self.work.until {
                let tag = self.tag();
                let to = (at + self.random.random_range(1..25)).min(self.work.until);
                tell(&Report::Sending { tag: tag.clone(), from: at, to });
                open.push(Open { tag: tag.clone(), to });
                if let Err(error) = self.records(task, stores, at..to, &tag, units).await {
                    // Some of a record may be written.
                    match self.after(&error)? {
                        None => at = self.roll_back(task, &mut open).await?,
                        Some(ended) => return Ok(ended),
                    }
                    continue;
                }
                at = to;
            }
            if self.random.random_bool(0.1) {
                sleep(Duration::from_millis(self.random.random_range(0..15))).await;
            }
            match self.commit(task, at, units).await {
                Ok(true) => self.landed(task, &mut open)?,
                Ok(false) => {}
                Err(error) => {
                    if let Some(ended) = self.after(&error)? {
                        refused(&error, &mut open);
                        return Ok(ended);
                    }
                    if self.random.random_bool(0.4) {
                        at = self.roll_back(task, &mut open).await?;
                    } else if !last && !self.work.steady && self.random.random_bool(0.3) {
                        return Ok(Ended::Again);
                    }
                }
            }
        }
        tell(&Report::Done);
        Ok(Ended::Done)
    }

    fn tag(&mut self) -> String {
        self.commits += 1;
        format!("{}-{}-{}", self.work.name, self.number, self.commits)
    }

    async fn records(
        &self,
        task: &Task,
        stores: &Stores,
        positions: std::ops::Range<i64>,
        tag: &str,
        units: bool,
    ) -> store::Result<()> {
        for position in positions {
            let record = Record::at(self.work.seed, position);
            if !units {
                stores.process(&record, tag).await?;
            } else if let Some(unit) = task.begin(SOURCE, position).await? {
                stores.process(&record, tag).await?;
                unit.finish()?;
            }
        }
        Ok(())
    }

    /// Commits; `false` where the call was given up before it had an answer.
    async fn commit(&mut self, task: &Task, offset: i64, units: bool) -> store::Result<bool> {
        let commit = async {
            if units { task.commit(()).await } else { task.commit([(SOURCE, offset)]).await }
        };
        if self.random.random_bool(0.03) {
            let patience = Duration::from_micros(self.random.random_range(0..5_000));
            return timeout(patience, commit).await.map_or(Ok(false), |done| done.map(|()| true));
        }
        commit.await.map(|()| true)
    }

    /// Everything that was open is committed.
    fn landed(&mut self, task: &Task, open: &mut Vec<Open>) -> Result<()> {
        self.since = Instant::now();
        let sequence = task.checkpoint()?.sequence;
        for Open { tag, .. } in open.drain(..) {
            tell(&Report::Acknowledged { tag, sequence });
        }
        Ok(())
    }

    /// What to do after an error: end the claim, or, for none, try to mend it.
    fn after(&mut self, error: &Error) -> Result<Option<Ended>> {
        let (kind, effect) = (error.kind(), error.effect());
        tell(&Report::Failed { kind: kind.to_string(), effect: effect.to_string() });
        match kind {
            ErrorKind::Fenced => Ok(Some(Ended::Fenced)),
            ErrorKind::SequenceGap => {
                tell(&Report::Gap);
                Ok(Some(Ended::Again))
            }
            _ if error.is_retryable() => {
                ensure!(self.since.elapsed() < PATIENCE, "no patience is left: {error:?}");
                Ok(None)
            }
            _ => bail!("{error:?}"),
        }
    }

    /// Throws away what is not committed, once it is known what is. Gives the position to go on from.
    async fn roll_back(&mut self, task: &Task, open: &mut Vec<Open>) -> Result<i64> {
        loop {
            match task.rollback().await {
                Ok(()) => break,
                Err(error) if error.is_retryable() && self.since.elapsed() < PATIENCE => {
                    sleep(Duration::from_millis(20)).await;
                }
                // The next call says the same, and ends the claim.
                Err(error)
                    if matches!(error.kind(), ErrorKind::Fenced | ErrorKind::SequenceGap) =>
                {
                    return Ok(open.last().map_or(0, |open| open.to));
                }
                Err(error) => bail!("{error:?}"),
            }
        }
        let checkpoint = task.checkpoint()?;
        let offset = checkpoint.offsets.get(SOURCE).copied().unwrap_or(0);
        for Open { tag, to } in open.drain(..) {
            tell(&match to <= offset {
                true => Report::Acknowledged { tag, sequence: checkpoint.sequence },
                false => Report::Refused { tag },
            });
        }
        Ok(offset)
    }
}

fn is_fenced(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Error>().is_some_and(|error| error.kind() == ErrorKind::Fenced)
}

/// Says which commits never happen, where that is known.
fn refused(error: &Error, open: &mut Vec<Open>) {
    // Only the last one was not sent before.
    if error.effect() == Effect::NotApplied
        && let Some(Open { tag, .. }) = open.pop()
    {
        tell(&Report::Refused { tag });
    }
}
