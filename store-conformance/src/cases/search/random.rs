//! Random queries against a filter over a full scan.

use anyhow::{Result, anyhow};
use bytes::Bytes;
use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use store_core::search::Query;
use tokio::{runtime::Handle, task::block_in_place};

use super::{open_with, reader, refused};
use crate::{
    Context, Outcome,
    search::{Sample, agrees, queries, writes},
};

/// Writes are put on top of those before, committed, and searched by owner and reader, whose pages are small.
pub(crate) async fn agree(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let persistent = context.capabilities().await?.persistent;
    let config = Config {
        cases: if persistent { 25 } else { 200 },
        failure_persistence: None,
        max_shrink_iters: 200,
        max_shrink_time: 10_000,
        ..Config::default()
    };
    let mut settings = context.config();
    settings.page_entries = 5;
    let (task, store) = open_with(&context, settings).await?;
    task.commit(()).await?;
    let reader = reader(&context).await?;
    let round = async |writes: Vec<(Bytes, Option<Sample>)>, queries: Vec<Query>| {
        store.put_all(writes).await?;
        task.commit(()).await?;
        for query in queries {
            agrees(&*store, &query).await?;
            agrees(&*reader, &query).await?;
        }
        anyhow::Ok(())
    };
    let case = |(writes, queries)| {
        let ended = Handle::current().block_on(round(writes, queries));
        ended.map_err(|error| TestCaseError::fail(format!("{error:#}")))
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&context.seed.to_be_bytes());
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    // The runner shrinks what fails by calling again, and knows no futures.
    let ran = block_in_place(|| runner.run(&(writes(), vec(queries(), 1..6)), case));
    ran.map_err(|error| anyhow!("seed {}: {error}", context.seed))?;
    Ok(Outcome::Passed)
}
