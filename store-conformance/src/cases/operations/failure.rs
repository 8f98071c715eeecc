//! Failures, and what works after them (R).

use anyhow::{Result, ensure};
use store_core::{PORTABLE_KEY_BYTES, prelude::*};

use crate::{
    Context, Outcome,
    cases::tools::{bytes, holds, open, put},
};

/// What keeps the state dies and comes back: old handles fail with what can be tried again, and nothing committed is lost.
pub(crate) async fn killed_and_started_again(context: Context) -> Result<Outcome> {
    let (task, store) = open(&context).await?;
    put(&store, &[("a", "1")]).await?;
    task.commit([("s", 1)]).await?;
    put(&store, &[("b", "2")]).await?;
    if !context.place().kill().await? {
        return Ok(Outcome::NotApplicable("its place has nothing to kill".to_owned()));
    }
    let persistent = context.capabilities().await?.persistent;
    let mut expected = vec![("a", "1")];
    match task.commit([("s", 2)]).await {
        Ok(()) => expected.push(("b", "2")),
        Err(error) if error.is_retryable() => {
            // Its outcome is unknown, and it is settled by being sent again.
            if task.commit([("s", 2)]).await.is_ok() {
                expected.push(("b", "2"));
            }
        }
        Err(error) if !persistent => ensure!(
            matches!(
                error.kind(),
                ErrorKind::Fenced | ErrorKind::SequenceGap | ErrorKind::NotFound
            ),
            "{error}"
        ),
        Err(error) => return Err(error.into()),
    }
    drop((task, store));
    let (_task, store) = open(&context).await?;
    if persistent {
        holds(&*store, &expected).await?;
    }
    put(&store, &[("c", "3")]).await?;
    Ok(Outcome::Passed)
}

/// A thousand refusals of each sort use nothing up.
pub(crate) async fn a_thousand_failures(context: Context) -> Result<()> {
    let (old, _) = open(&context).await?;
    let (task, store) = open(&context).await?;
    let database = context.database().await?;
    let above = bytes(vec![0; PORTABLE_KEY_BYTES + 1]);
    for round in 0..1000 {
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
    put(&store, &[("k", "v")]).await?;
    task.commit([("s", 1)]).await?;
    holds(&*open(&context).await?.1, &[("k", "v")]).await
}
