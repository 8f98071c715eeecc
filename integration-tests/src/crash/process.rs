//! A worker as the harness sees it: a process that talks.

use std::{
    fs::File,
    io::Read,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
    time::sleep,
};

use super::{report::Report, work::Work};

/// How long anything may take that is to happen at all.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// A running worker; killed when dropped.
#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    reports: Arc<Mutex<Vec<Report>>>,
    listening: JoinHandle<()>,
    errors: NamedTempFile,
}

/// What a worker said and how it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reports: Vec<Report>,
    pub(super) status: ExitStatus,
    pub(super) errors: String,
}

impl Worker {
    /// Starts a worker with these fail points, as the `fail` crate writes them.
    pub(super) fn start(program: &Path, work: &Work, fail_points: &str) -> Result<Self> {
        let errors = NamedTempFile::new()?;
        let mut child = Command::new(program)
            .arg("work")
            .args(work.arguments())
            .env("FAILPOINTS", fail_points)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.reopen()?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let out = child.stdout.take().context("no standard output")?;
        let reports = Arc::default();
        let listening = tokio::spawn(listen(out, Arc::clone(&reports)));
        Ok(Self { child, reports, listening, errors })
    }

    /// How many reports so far are such.
    pub(super) fn count(&self, such: impl Fn(&Report) -> bool) -> usize {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().filter(|report| such(report)).count()
    }

    /// How many commits were acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        self.count(|report| matches!(report, Report::Acknowledged { .. }))
    }

    /// Waits until this holds, or the process has ended; an error when neither comes.
    pub(super) async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) -> Result<()> {
        let start = Instant::now();
        while !holds(self) && self.child.try_wait()?.is_none() {
            if start.elapsed() > PATIENCE {
                bail!("a worker does not come to {what}; it said {}", self.last_words());
            }
            sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{:?}", &reports[reports.len().saturating_sub(6)..])
    }

    /// Kills it with `kill -9`, unless it has ended by itself.
    pub(super) fn kill(&mut self) {
        let _ = self.child.start_kill();
    }

    /// Stops it in the middle of whatever it does, or lets it go on.
    pub(super) fn stop(&self, stop: bool) {
        signal(self.child.id(), if stop { Signal::STOP } else { Signal::CONT });
    }

    /// Waits for its end.
    pub(super) async fn end(mut self) -> Result<Ended> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        let Ok(status) = ended else {
            bail!("a worker does not end; it said {}", self.last_words());
        };
        self.listening.await?;
        let reports =
            std::mem::take(&mut *self.reports.lock().unwrap_or_else(PoisonError::into_inner));
        let mut errors = String::new();
        File::open(self.errors.path())?.read_to_string(&mut errors)?;
        Ok(Ended { reports, status: status?, errors })
    }
}

async fn listen(out: ChildStdout, reports: Arc<Mutex<Vec<Report>>>) {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        // A line cut short by the kill says nothing.
        if let Ok(report) = serde_json::from_str(&line) {
            reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
        }
    }
}

/// Sends a signal to a process of ours that has not been waited for.
pub(super) fn signal(process: Option<u32>, signal: Signal) {
    let process = process.and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Some(process) = process {
        // One that has just ended needs none.
        let _ = kill_process(process, signal);
    }
}
