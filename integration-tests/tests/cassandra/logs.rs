//! Logs of commits in chunks.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, ensure};
use integration_tests::servers::{CASSANDRA_YAML, Server, ServerKind, Settings};
use scylla::client::session::Session;
use store_cassandra::CassandraBackend;
use store_conformance::waist::{MAP, Model, Owner, all, key, task};
use store_core::{Effect, ErrorKind, backend::Backend};
use uuid::Uuid;

use super::{PLAIN, backend, config, raw};

fn model(value: impl AsRef<[u8]>) -> Model {
    [(key("key"), key(value))].into()
}

/// The logs there are: epoch, number of the log, stamp of its chunks.
async fn logs(session: &Session) -> Result<BTreeSet<(i64, Uuid, i64)>> {
    let query = "SELECT epoch, attempt, WRITETIME(body) FROM chunked.logs";
    let rows = session.query_unpaged(query, ()).await?.into_rows_result()?;
    let rows = rows.rows::<(i64, Uuid, i64)>()?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// The mark of a removed log is as old as its chunks, so that it can be forgotten while the task goes on.
pub(crate) async fn logs_are_removed_with_stamps_of_their_own(server: Arc<Server>) -> Result<()> {
    let mut chunked = config("chunked");
    chunked.inline_bytes = 0;
    let backend: Arc<dyn Backend> =
        Arc::new(CassandraBackend::connect(server.url(), chunked).await?);
    let session = raw(&server).await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("one")).await?;
    let first = logs(&session).await?;
    let [(epoch, attempt, stamp)] = first.iter().copied().collect::<Vec<_>>()[..] else {
        anyhow::bail!("one log is there: {first:?}");
    };
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
    ensure!((now - 600_000_000..=now).contains(&stamp), "{stamp} is not of now, {now}");
    owner.put(MAP, &model("two")).await?;
    owner.put(MAP, &model("three")).await?;
    let left = logs(&session).await?;
    ensure!(left.len() == 2 && left.is_disjoint(&first), "{left:?}");

    // Sent before it was removed, and late.
    let late = "INSERT INTO chunked.logs (task, epoch, attempt, number, body) VALUES (?, ?, ?, 0, ?) USING TIMESTAMP ?";
    session.query_unpaged(late, ("app/0", epoch, attempt, b"late".to_vec(), stamp)).await?;
    ensure!(logs(&session).await? == left, "the mark wins");

    let mut next = Owner::claim(&backend, &task(0)).await?;
    next.put(MAP, &model("four")).await?;
    ensure!(logs(&session).await?.len() == 3, "the record may name one of the owner before");
    next.put(MAP, &model("five")).await?;
    let swept = logs(&session).await?;
    ensure!(swept.len() == 2 && swept.iter().all(|(epoch, ..)| *epoch == 2), "{swept:?}");
    ensure!(all(next.reader(), MAP).await? == model("five"));
    Ok(())
}

/// A commit that could not be applied would be decided for ever.
pub(crate) async fn what_the_server_does_not_take_is_not_decided(
    _other: Arc<Server>,
) -> Result<()> {
    let small = format!("{PLAIN}max_mutation_size: 1MiB\n");
    let settings = Settings::default().with_file(CASSANDRA_YAML, small);
    let server = Server::own(ServerKind::Cassandra, settings)?;
    let backend = backend(&server, "store_tests.small").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    let error = owner.put(MAP, &model(vec![7; 2 << 20])).await.err().context("it was taken")?;
    ensure!(error.kind() == ErrorKind::TooLarge, "{error:?}");
    ensure!(error.effect() == Effect::NotApplied, "{error:?}");
    // More than that, and each entry less.
    let many: Model = (0..4).map(|n| (key([n]), key(vec![n; 600 << 10]))).collect();
    owner.put(MAP, &many).await?;
    let next = Owner::claim(&backend, &task(0)).await?;
    let expected: Model = model("before").into_iter().chain(many).collect();
    ensure!(all(next.reader(), MAP).await? == expected, "the commits that were taken");
    Ok(())
}
