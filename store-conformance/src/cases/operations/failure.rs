//! Failures, and what works after them (R).

use std::{fs, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures::TryStreamExt;
use store_core::{PORTABLE_KEY_BYTES, layers::Fault, prelude::*};
use tokio::{runtime::Handle, time::sleep};

use crate::{
    Context, Outcome,
    cases::tools::{bytes, faulty_without_cache, holds, open, open_on, put},
};

/// Answers are lost between calls and inside them: each failure can be told and tried again, and nothing is lost by it.
pub(crate) async fn broken_lines(context: Context) -> Result<Outcome> {
    let (line, database) = faulty_without_cache(&context).await?;
    let (task, store) = open_on(&database).await?;
    put(&store, &[("a", "1")]).await?;
    task.commit([("s", 1)]).await?;
    for fault in [Fault::Refused, Fault::LostRequest, Fault::LostReply] {
        let may_be_repeated = |what: &str, error: Option<Error>| {
            let error = error.with_context(|| format!("{what} did not fail: {fault:?}"))?;
            ensure!(error.is_retryable(), "{what}, {fault:?}: {error}");
            Ok(())
        };
        line.reads([fault]);
        may_be_repeated("get", store.get(&bytes("a")).await.err())?;
        line.reads([fault]);
        may_be_repeated("a scan", store.all().try_collect::<Vec<_>>().await.err())?;
        line.reads([fault]);
        may_be_repeated("delete", store.delete(&bytes("a")).await.err())?;
        holds(&*store, &[("a", "1")]).await?;
        line.commits([fault]);
        may_be_repeated("commit", task.commit(()).await.err())?;
        task.commit(()).await?;
        line.applies([fault]);
        may_be_repeated("apply", task.commit(()).await.err())?;
        task.commit(()).await?;
        holds(&*store, &[("a", "1")]).await?;
    }
    drop((task, store));
    Ok(Outcome::with_a_kill(killed_and_started_again(&context).await?))
}

/// Whether what keeps the state died and came back: old handles fail with what can be tried again, and nothing committed is lost.
async fn killed_and_started_again(context: &Context) -> Result<bool> {
    let (task, store) = open(context).await?;
    put(&store, &[("b", "2")]).await?;
    if !context.place().kill().await? || !task.capabilities().persistent {
        return Ok(false);
    }
    let outlives = context.place().handles_outlive_a_kill();
    let mut expected = vec![("a", "1")];
    for _ in 0..20 {
        // Of unknown outcome until it is sent again.
        match task.commit([("s", 2)]).await {
            Ok(()) => {
                expected.push(("b", "2"));
                break;
            }
            Err(error) => ensure!(error.is_retryable(), "{error}"),
        }
    }
    ensure!(!outlives || expected.len() == 2, "the handle from before never works again");
    holds(&*open(context).await?.1, &expected).await?;
    Ok(true)
}

/// A thousand refusals of each sort use nothing up.
pub(crate) async fn a_thousand_failures(context: Context) -> Result<()> {
    let (old, _) = open(&context).await?;
    let (task, store) = open(&context).await?;
    let database = context.database().await?;
    let above = bytes(vec![0; PORTABLE_KEY_BYTES + 1]);
    let before = Held::now();
    for round in 0..FAILURES {
        for (error, expected) in [
            (store.put(&above, &above).await.err(), ErrorKind::TooLarge),
            (task.commit([("s", -1)]).await.err(), ErrorKind::InvalidArgument),
            (old.commit(()).await.err(), ErrorKind::Fenced),
            (database.read("nobody", 0).await.err(), ErrorKind::NotFound),
            (database.destroy("nobody", 0).await.err(), ErrorKind::NotFound),
        ] {
            let kind = error.map(|error| error.kind());
            ensure!(kind == Some(expected), "round {round}: {kind:?} instead of {expected}");
        }
    }
    ensure!(task.buffered_bytes() == 0, "refused writes left something");
    before.is_all().await?;
    put(&store, &[("k", "v")]).await?;
    task.commit([("s", 1)]).await?;
    holds(&*open(&context).await?.1, &[("k", "v")]).await
}

/// How many failures of each sort.
const FAILURES: usize = 1000;

/// What is in use: tasks of this case's runtime, and open files of the process where the system tells.
#[derive(Debug)]
struct Held {
    tasks: usize,
    files: usize,
}

impl Held {
    fn now() -> Self {
        Self {
            tasks: Handle::current().metrics().num_alive_tasks(),
            files: fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
        }
    }

    /// Fails where more is in use now, and stays so. Lines may have been made anew, and other cases of the process open and
    /// close files; what every failure leaves behind is far more.
    async fn is_all(&self) -> Result<()> {
        let mut now = Self::now();
        for _ in 0..50 {
            if now.tasks <= self.tasks + 10 && now.files <= self.files + FAILURES / 2 {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
            now = Self::now();
        }
        bail!("{now:?} after {FAILURES} failures, {self:?} before them")
    }
}
