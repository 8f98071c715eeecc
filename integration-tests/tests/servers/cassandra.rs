//! Cassandra.

use anyhow::{Result, ensure};
use integration_tests::servers::{Server, cassandra_session};
use scylla::client::session::Session;

pub(crate) async fn survives(server: Server) -> Result<()> {
    let session = connect(&server).await?;
    let sync = "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'";
    ensure!(text(&session, sync).await? == "group", "an acknowledged write is on disk");
    let keyspace = "CREATE KEYSPACE probe WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}";
    session.query_unpaged(keyspace, ()).await?;
    session.query_unpaged("CREATE TABLE probe.rows (id int PRIMARY KEY, value text)", ()).await?;
    session.query_unpaged("INSERT INTO probe.rows (id, value) VALUES (1, 'value')", ()).await?;
    drop(session);
    server.kill()?;
    ensure!(connect(&server).await.is_err(), "nobody answers after the kill");
    server.start_again()?;
    let session = connect(&server).await?;
    let value = text(&session, "SELECT value FROM probe.rows WHERE id = 1").await?;
    ensure!(value == "value", "it has {value}");
    Ok(())
}

async fn connect(server: &Server) -> Result<Session> {
    cassandra_session(server.url()).await
}

async fn text(session: &Session, query: &str) -> Result<String> {
    let rows = session.query_unpaged(query, ()).await?.into_rows_result()?;
    Ok(rows.single_row::<(String,)>()?.0)
}
