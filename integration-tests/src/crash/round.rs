//! A few cycles on one task, from its first record on.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{Database, ErrorKind, Task};
use tokio::time::sleep;

use super::{
    contents::{self, Contents, Seen},
    ledger::{Ledger, Violation},
    model::Model,
    process::{Ended, PATIENCE, Worker},
    record::mix,
    report::Report,
    run::Options,
    site::{Server, Site},
    stores::{self, Readers},
    tally::{Kind, Tally},
    work::Work,
};

const APPLICATION: &str = "crash";

/// One round: its task, and all that is known of it.
pub(super) struct Round<'a> {
    pub(super) site: &'a mut dyn Site,
    pub(super) tally: &'a mut Tally,
    pub(super) random: StdRng,
    /// The offset at the last look.
    pub(super) offset: i64,
    pub(super) options: &'a Options,
    program: &'a Path,
    seed: u64,
    /// The folder or namespace of its own.
    place: String,
    workers: u64,
    model: Model,
    ledger: Ledger,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        site: &'a mut dyn Site,
        tally: &'a mut Tally,
        options: &'a Options,
        program: &'a Path,
        number: u64,
    ) -> Self {
        let seed = mix(options.seed, number);
        let forgets = site.server().is_some_and(|server| server.forgets());
        Self {
            site,
            tally,
            random: StdRng::seed_from_u64(seed),
            offset: 0,
            options,
            program,
            seed,
            place: format!("crash-{}-{number}", options.seed),
            workers: 0,
            model: Model::new(seed),
            ledger: Ledger::new(forgets),
        }
    }

    /// Does these things one after the other, then lets a worker finish. Gives what failed, and at what.
    pub(super) async fn run(mut self, kinds: &[Kind]) -> Result<(), (Kind, Violation)> {
        let mut done = Ok(());
        for &kind in kinds {
            self.tally.row(kind).cycles += 1;
            done = self.cycle(kind).await.map_err(|error| (kind, violation(error)));
            if done.is_err() {
                break;
            }
        }
        if let (Ok(()), Some(last)) = (&done, kinds.last()) {
            done = self.finish().await.map_err(|error| (*last, violation(error)));
        }
        self.tally.acknowledged += self.ledger.acknowledged() as u64;
        self.tally.refused += self.ledger.refused() as u64;
        self.tally.records += self.offset.cast_unsigned();
        done
    }

    async fn cycle(&mut self, kind: Kind) -> Result<()> {
        match kind {
            Kind::Step => self.step().await?,
            Kind::Kill => self.kill().await?,
            Kind::Duel => self.duel().await?,
            Kind::ServerKill | Kind::ServerRestart | Kind::ServerStop => self.harm(kind).await?,
            Kind::CutOff => self.cut_off().await?,
            Kind::Lost => self.lose().await?,
            Kind::Forgotten => self.forget().await?,
        }
        self.look().await
    }

    /// A worker without trouble goes on from whatever there is.
    async fn finish(&mut self) -> Result<()> {
        let mut work = self.work(None);
        work.until = self.offset + 30;
        let until = work.until;
        let ended = self.start(&work, "")?.end().await?;
        self.note(ended, true)?;
        self.look().await?;
        ensure!(self.offset == until, "the last worker came to {}, not {until}", self.offset);
        Ok(())
    }

    /// The orders of a worker of its own name; `line` is where to find the server.
    pub(super) fn work(&mut self, line: Option<std::net::SocketAddr>) -> Work {
        self.workers += 1;
        Work {
            url: self.site.url(&self.place, line),
            application: APPLICATION.to_owned(),
            seed: self.seed,
            choices: self.random.random(),
            name: format!("w{}", self.workers),
            until: i64::MAX,
            owners: 1,
            claims: 1,
            steady: false,
            fault: self.options.fault,
        }
    }

    /// Starts a worker, with fail points of its own beside those that are always on.
    pub(super) fn start(&self, work: &Work, fail_points: &str) -> Result<Worker> {
        let fail_points = format!("{};{fail_points}", self.options.fail_points);
        Worker::start(self.program, work, fail_points.trim_matches(';'))
    }

    pub(super) fn server(&mut self) -> Result<&mut dyn Server> {
        self.site.server().context("the site has no server")
    }

    /// Takes note of what a worker said; `sound` where it was to end by itself.
    pub(super) fn note(&mut self, ended: Ended, sound: bool) -> Result<()> {
        let Ended { reports, status, errors } = ended;
        for report in reports {
            self.tally.fenced += u64::from(report == Report::Fenced);
            self.tally.gaps += u64::from(report == Report::Gap);
            self.ledger.note(report);
        }
        // An error of its own is exit code 1; kills and fail points end it by a signal.
        let gave_up = status.code().is_some_and(|code| code != 0) || (sound && !status.success());
        ensure!(!gave_up, "a worker ended with {status}: {}", errors.trim());
        Ok(())
    }

    pub(super) async fn pause(&mut self, up_to_ms: u64) {
        let pause = self.random.random_range(0..=up_to_ms);
        sleep(Duration::from_millis(pause)).await;
    }

    /// Compares what there is with the model, as a reader sees it, then as the next owner does.
    pub(super) async fn look(&mut self) -> Result<()> {
        let url = self.site.url(&self.place, None);
        let database = patiently(|| store::connect(&url)).await?;
        let seen = seen_by_a_reader(&database).await?;
        self.compare("a reader", &seen)?;
        let (task, stores) = patiently(|| stores::open(&database, APPLICATION)).await?;
        let checkpoint = task.checkpoint()?;
        let owner = contents::read(&stores.readers(), &checkpoint).await?;
        self.compare("the next owner", &owner)?;
        ensure!(owner.sequence == seen.sequence, "the owner sees another commit than the reader");
        self.offset = owner.offset;
        close(task).await
    }

    fn compare(&mut self, who: &str, seen: &Seen) -> Result<(), Violation> {
        self.ledger.check(seen)?;
        self.model.move_to(seen.offset);
        match seen.contents.difference(&self.model.contents()) {
            None => Ok(()),
            Some(difference) => Err(Violation::Wrong(format!(
                "{who}, commit {}, offset {}: {difference}",
                seen.sequence, seen.offset
            ))),
        }
    }

    /// Another connection to the same place, for who looks on while others work.
    pub(super) fn url(&self) -> String {
        self.site.url(&self.place, None)
    }
}

/// Looks on at a task that others work on until it is told to end: every answer is of one whole commit.
pub(super) async fn watch(url: String, ended: tokio::sync::watch::Receiver<bool>) -> Result<u64> {
    let (mut looks, mut last) = (0, 0);
    let database = patiently(|| store::connect(&url)).await?;
    while !*ended.borrow() {
        sleep(Duration::from_millis(3)).await;
        let Ok(task) = database.read(APPLICATION, 0).await else { continue };
        let Ok(readers) = Readers::of(&task).await else { continue };
        let twins = stores::TWINS.map(str::to_owned);
        let Ok(values) = readers.twins.get_many(&twins).await else { continue };
        let [Some(left), Some(right)] = values[..] else { continue };
        if left != right || left < last {
            let message = format!("a reader saw {left} and {right}, after {last}");
            return Err(Violation::Wrong(message).into());
        }
        (looks, last) = (looks + 1, left);
    }
    Ok(looks)
}

async fn close(task: Task) -> Result<()> {
    Ok(task.close().await?)
}

async fn seen_by_a_reader(database: &Database) -> Result<Seen> {
    let nothing =
        || Seen { offset: 0, sequence: 0, contents: Contents::default(), tags: [].into() };
    let task = match patiently(|| database.read(APPLICATION, 0)).await {
        Ok(task) => task,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(nothing()),
        Err(error) => return Err(error.into()),
    };
    let checkpoint = patiently(|| task.checkpoint()).await?;
    if checkpoint.sequence == 0 {
        return Ok(nothing());
    }
    let readers = patiently(|| Readers::of(&task)).await?;
    contents::read(&readers, &checkpoint).await
}

/// Repeats what may succeed later.
async fn patiently<T, F: Future<Output = store::Result<T>>>(
    call: impl Fn() -> F,
) -> store::Result<T> {
    let start = std::time::Instant::now();
    loop {
        match call().await {
            Err(error) if error.is_retryable() && start.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(10)).await;
            }
            done => return done,
        }
    }
}

/// What an error of a cycle tells of the state: nothing, unless it says so.
fn violation(error: anyhow::Error) -> Violation {
    match error.downcast::<Violation>() {
        Ok(violation) => violation,
        Err(error) => match error.downcast::<store::Error>() {
            // Damage is no lack of patience.
            Ok(error) if !error.is_retryable() => Violation::Wrong(format!("{error:?}")),
            Ok(error) => Violation::Stuck(format!("{error:?}")),
            Err(error) => Violation::Stuck(format!("{:#}", anyhow!(error))),
        },
    }
}
