//! What is done to workers, to their server, and to the line between them.

use std::time::Duration;

use anyhow::{Result, ensure};
use rand::{Rng, seq::IndexedRandom};
use tokio::time::sleep;

use super::{
    process::Worker,
    proxy::{Loss, Proxy},
    report::Report,
    round::{Round, watch},
    steps::STEPS,
    tally::Kind,
};

/// How many records a worker that is to die may process first.
const LIFE: i64 = 250;

impl Round<'_> {
    /// A worker dies at a step.
    pub(super) async fn step(&mut self) -> Result<()> {
        let mut steps = [&STEPS[..], &self.site.steps()].concat();
        if let Some(only) = &self.options.step {
            steps.retain(|step| step == only);
            ensure!(!steps.is_empty(), "there is no step {only}");
        }
        // Invariant: there are always those of the waist, or the one that was asked for.
        let step = *steps.choose(&mut self.random).expect("steps");
        let claims = ["claiming", "claimed", "finishing"].iter().any(|end| step.ends_with(end));
        let before = self.random.random_range(0..if claims { 3 } else { 12 });
        let mut work = self.work(None);
        work.until = self.offset + LIFE;
        work.claims = 20;
        let ended = self.start(&work, &format!("{step}={before}*off->panic"))?.end().await?;
        // A fail point panics, and a panic is an abort.
        let died = std::os::unix::process::ExitStatusExt::signal(&ended.status).is_some();
        let (tried, died_there) = self.tally.steps.entry(step).or_default();
        *tried += 1;
        *died_there += u64::from(died);
        self.tally.row(Kind::Step).happened += u64::from(died);
        self.note(ended, false)
    }

    /// A worker is killed.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let work = self.work(None);
        let mut worker = self.start(&work, "")?;
        let acknowledged = self.random.random_range(0..20);
        worker.until("a commit", |worker| worker.acknowledged() >= acknowledged).await?;
        self.pause(30).await;
        worker.kill();
        self.tally.row(Kind::Kill).happened += 1;
        self.note(worker.end().await?, false)
    }

    /// Owners fence each other.
    pub(super) async fn duel(&mut self) -> Result<()> {
        let shared = self.site.server().is_some();
        let until = self.offset + 200;
        let fenced = self.tally.fenced;
        let mut workers = Vec::new();
        for _ in 0..if shared { 3 } else { 1 } {
            let mut work = self.work(None);
            work.until = until;
            work.owners = if shared { self.random.random_range(1..3) } else { 3 };
            work.claims = self.random.random_range(4..10);
            workers.push(self.start(&work, "")?);
        }
        let (end, ended) = tokio::sync::watch::channel(false);
        let watching = shared.then(|| tokio::spawn(watch(self.url(), ended)));
        for _ in 0..4 {
            // A zombie: it stops before, within or after a commit, and goes on when others have the task.
            let Some(zombie) = workers.choose(&mut self.random) else { break };
            zombie.stop(true);
            sleep(Duration::from_millis(self.random.random_range(0..120))).await;
            zombie.stop(false);
            self.pause(40).await;
        }
        for worker in workers {
            self.note(worker.end().await?, true)?;
        }
        end.send_replace(true);
        if let Some(watching) = watching {
            watching.await??;
        }
        self.tally.row(Kind::Duel).happened += u64::from(self.tally.fenced > fenced);
        self.look().await?;
        ensure!(self.offset == until, "the duel ended at {}, not {until}", self.offset);
        Ok(())
    }

    /// The server ends or stops under a worker, which goes on with it afterwards, unless it is killed, too.
    pub(super) async fn harm(&mut self, kind: Kind) -> Result<()> {
        let work = self.work(None);
        let mut worker = self.start(&work, "")?;
        self.busy(&mut worker).await?;
        let server = self.server()?;
        match kind {
            Kind::ServerKill => server.kill().await?,
            Kind::ServerRestart => server.shut_down().await?,
            _ => server.stop().await?,
        }
        self.pause(if kind == Kind::ServerStop { 1_500 } else { 300 }).await;
        let dies = self.random.random_bool(0.3);
        if dies {
            worker.kill();
        }
        let server = self.server()?;
        match kind {
            Kind::ServerStop => server.go_on().await?,
            _ => server.start().await?,
        }
        self.tally.row(kind).happened += 1;
        self.goes_on(worker, dies).await
    }

    /// The line is cut under a worker.
    pub(super) async fn cut_off(&mut self) -> Result<()> {
        let proxy = Proxy::start(self.server()?.address()).await?;
        let work = self.work(Some(proxy.address()));
        let mut worker = self.start(&work, "")?;
        self.busy(&mut worker).await?;
        for _ in 0..3 {
            proxy.cut();
            self.pause(200).await;
            proxy.mend();
            self.tally.row(Kind::CutOff).happened += 1;
            self.pause(100).await;
        }
        self.goes_on(worker, false).await
    }

    /// Commits, or what is answered to them, are lost or late.
    pub(super) async fn lose(&mut self) -> Result<()> {
        let server = self.server()?;
        let (address, marker) = (server.address(), server.commit_marker());
        let proxy = Proxy::start(address).await?;
        let mut work = self.work(Some(proxy.address()));
        (work.claims, work.steady) = (2, true);
        let mut worker = self.start(&work, "")?;
        self.busy(&mut worker).await?;
        for losses in 1..=2 {
            let late = Duration::from_millis(self.random.random_range(1..1_600));
            let kinds = [
                Loss::Reply,
                Loss::Silence(Duration::from_millis(1_300)),
                Loss::Delay(late),
                Loss::Request,
                Loss::Orphan(late / 4),
            ];
            let loss = *kinds.choose(&mut self.random).unwrap_or(&Loss::Reply);
            proxy.lose(marker, self.random.random_range(0..4), loss);
            worker.until("a loss", |_| proxy.losses() >= losses).await?;
        }
        self.tally.row(Kind::Lost).happened += proxy.losses();
        self.goes_on(worker, false).await
    }

    /// A server that keeps nothing, or only what it was told to save, is killed.
    pub(super) async fn forget(&mut self) -> Result<()> {
        let mut work = self.work(None);
        (work.claims, work.steady) = (3, true);
        let mut worker = self.start(&work, "")?;
        self.busy(&mut worker).await?;
        if self.random.random_bool(0.7) {
            self.server()?.remember().await?;
            self.busy(&mut worker).await?;
        }
        let server = self.server()?;
        server.kill().await?;
        server.start().await?;
        let noticed = |report: &Report| matches!(report, Report::Gap | Report::Fenced);
        worker.until("notice", |worker| worker.count(noticed) > 0).await?;
        ensure!(worker.count(noticed) > 0, "the owner did not notice that commits were lost");
        self.tally.row(Kind::Forgotten).happened += 1;
        self.goes_on(worker, false).await
    }

    /// Waits until a worker has committed a few times more.
    async fn busy(&mut self, worker: &mut Worker) -> Result<()> {
        let wanted = worker.acknowledged() + self.random.random_range(1..8);
        worker.until("work", |worker| worker.acknowledged() >= wanted).await
    }

    /// A worker that lives commits again; then it is killed.
    async fn goes_on(&mut self, mut worker: Worker, dies: bool) -> Result<()> {
        if !dies {
            self.busy(&mut worker).await?;
            worker.kill();
        }
        self.note(worker.end().await?, false)
    }
}
