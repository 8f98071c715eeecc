//! What is refused, and what the refusal says.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::servers::Server;
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_conformance::waist::{MAP, Owner, all, key, task};
use store_core::{Database, EngineConfig, Error, ErrorKind, prelude::*};

use super::{backend, config, raw};

async fn refused(url: &str, config: CassandraConfig) -> Result<Error> {
    CassandraBackend::connect(url, config).await.err().context("it was not refused")
}

pub(crate) async fn missing_tables_are_made_or_told(server: Arc<Server>) -> Result<()> {
    let mut told = config("told");
    told.create_schema = false;
    let error = refused(server.url(), told.clone()).await?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    let says = error.to_string();
    let (_, statements) = says.split_once('\n').context("statements")?;
    ensure!(statements.starts_with("CREATE KEYSPACE IF NOT EXISTS \"told\""), "{says}");
    let session = raw(&server).await?;
    for statement in statements.split(';').filter(|statement| !statement.trim().is_empty()) {
        session.query_unpaged(statement, ()).await?;
    }
    CassandraBackend::connect(server.url(), told).await?;
    Ok(())
}

pub(crate) async fn a_foreign_table_is_refused(server: Arc<Server>) -> Result<()> {
    let session = raw(&server).await?;
    let keyspace = "CREATE KEYSPACE theirs WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
    session.query_unpaged(keyspace, ()).await?;
    session.query_unpaged("CREATE TABLE theirs.data (id int PRIMARY KEY, value text)", ()).await?;
    let error = refused(server.url(), config("theirs")).await?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch && error.to_string().contains("theirs.data"));
    let tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = 'theirs'";
    let rows = session.query_unpaged(tables, ()).await?.into_rows_result()?;
    ensure!(rows.rows_num() == 1, "nothing is made beside it");
    Ok(())
}

pub(crate) async fn tables_that_forget_too_early_are_refused(server: Arc<Server>) -> Result<()> {
    backend(&server, "forgetful").await?;
    let session = raw(&server).await?;
    for (table, option, bad, good) in [
        ("data", "gc_grace_seconds", 60, 864_000),
        ("records", "default_time_to_live", 3600, 0),
        ("logs", "default_time_to_live", 3600, 0),
    ] {
        let set = |value| format!("ALTER TABLE forgetful.{table} WITH {option} = {value}");
        session.query_unpaged(set(bad), ()).await?;
        let error = refused(server.url(), config("forgetful")).await?;
        ensure!(error.kind() == ErrorKind::Config, "{error:?}");
        let says = error.to_string();
        ensure!(says.contains(option) && says.contains(&format!("forgetful.{table} ")), "{says}");
        session.query_unpaged(set(good), ()).await?;
    }
    backend(&server, "forgetful").await?;
    Ok(())
}

/// Made anew it would pass for state that was never written.
pub(crate) async fn a_lost_table_is_refused(server: Arc<Server>) -> Result<()> {
    let session = raw(&server).await?;
    for table in ["tasks", "records", "logs", "maps", "data"] {
        let keyspace = format!("lost_{table}");
        let whole = backend(&server, &keyspace).await?;
        let model = [(key("key"), key("before"))].into();
        Owner::claim(&whole, &task(0)).await?.put(MAP, &model).await?;
        session.query_unpaged(format!("DROP TABLE {keyspace}.{table}"), ()).await?;
        for create_schema in [true, false] {
            let mut config = config(&keyspace);
            config.create_schema = create_schema;
            let error = refused(server.url(), config).await?;
            ensure!(error.kind() == ErrorKind::SchemaMismatch, "{table}: {error:?}");
            let says = format!("{keyspace} has lost the table {table} ");
            ensure!(error.to_string().contains(&says), "{error}");
        }
        let found = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?";
        let found = session.query_unpaged(found, (&keyspace,)).await?.into_rows_result()?;
        ensure!(found.rows_num() == 4, "{table} was made again");
        session.query_unpaged(format!("DROP KEYSPACE {keyspace}"), ()).await?;
    }
    // As by a program that was killed before it had made all of them.
    backend(&server, "lost_none").await?;
    session.query_unpaged("DROP TABLE lost_none.data", ()).await?;
    let whole = backend(&server, "lost_none").await?;
    let model = [(key("key"), key("first"))].into();
    Ok(Owner::claim(&whole, &task(0)).await?.put(MAP, &model).await?)
}

pub(crate) async fn writes_that_are_on_no_disk_are_refused(server: Arc<Server>) -> Result<()> {
    backend(&server, "fleeting").await?;
    let session = raw(&server).await?;
    let set = |durable| format!("ALTER KEYSPACE fleeting WITH durable_writes = {durable}");
    session.query_unpaged(set(false), ()).await?;
    let error = refused(server.url(), config("fleeting")).await?;
    ensure!(error.kind() == ErrorKind::Config, "{error:?}");
    ensure!(error.to_string().contains("fleeting has durable_writes = false"), "{error}");
    session.query_unpaged(set(true), ()).await?;
    backend(&server, "fleeting").await?;
    Ok(())
}

pub(crate) async fn a_wrong_datacenter_is_told(server: Arc<Server>) -> Result<()> {
    let mut wrong = config("store");
    wrong.datacenter = Some("elsewhere".to_owned());
    let start = Instant::now();
    let error = refused(server.url(), wrong).await?;
    ensure!(error.kind() == ErrorKind::Config, "{error:?}");
    ensure!(error.to_string().contains("datacenter1"), "it names those there are: {error}");
    ensure!(start.elapsed() < Duration::from_secs(11), "{:?}", start.elapsed());
    let mut right = config("store");
    right.datacenter = Some("datacenter1".to_owned());
    CassandraBackend::connect(server.url(), right).await?;
    Ok(())
}

pub(crate) async fn nobody_there_is_told_in_time(_server: Arc<Server>) -> Result<()> {
    let start = Instant::now();
    let error = refused("cassandra://127.0.0.1:1", config("store")).await?;
    ensure!(error.kind() == ErrorKind::Unavailable && error.is_retryable(), "{error:?}");
    let error = refused("cassandra://no-such-host.invalid", config("store")).await?;
    ensure!(error.kind() == ErrorKind::Unavailable, "{error:?}");
    ensure!(start.elapsed() < Duration::from_secs(22), "{:?}", start.elapsed());
    Ok(())
}

pub(crate) async fn keys_and_values_have_limits(server: Arc<Server>) -> Result<()> {
    static TEXTS: KeyValue<String, Vec<u8>> = KeyValue::new("texts");
    let mut engine = EngineConfig::default();
    engine.native_limits = true;
    let database = Database::with(backend(&server, "store_tests.limits").await?, engine)?;
    let task = database.task("app", 0).store(&TEXTS).open().await?;
    let texts = task.store(&TEXTS)?;
    let kind = |result: store_core::Result<()>| result.err().map(|error| error.kind());
    let long = "k".repeat(64 << 10);
    ensure!(kind(texts.put(&long, &vec![1]).await) == Some(ErrorKind::TooLarge), "a key of 64 KiB");
    let large = vec![0; 13 << 20];
    ensure!(kind(texts.put(&"k".to_owned(), &large).await) == Some(ErrorKind::TooLarge));
    let (longest, value) = ("k".repeat(65_000), vec![7; 1 << 20]);
    texts.put(&longest, &value).await?;
    task.commit([("source", 1)]).await?;
    let read = database.read("app", 0).await?;
    ensure!(read.store(&TEXTS).await?.get(&longest).await? == Some(value));
    Ok(())
}

/// A prefix keeps tasks of one name apart, and so does a keyspace.
pub(crate) async fn names_are_kept_apart(server: Arc<Server>) -> Result<()> {
    for namespace in ["store_tests", "store_tests.a", "store_tests.b", "other_tests"] {
        let backend = backend(&server, namespace).await?;
        ensure!(backend.tasks(&task(0).application).await?.is_empty(), "{namespace}");
        let mut owner = Owner::claim(&backend, &task(0)).await?;
        let model = [(key("key"), key(namespace))].into();
        owner.put(MAP, &model).await?;
        ensure!(all(owner.reader(), MAP).await? == model);
    }
    Ok(())
}
