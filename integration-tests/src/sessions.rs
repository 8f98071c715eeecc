//! Sessions with Cassandra that all places of a process share: connecting takes longer than most cases, and some cases open
//! hundreds of handles.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use anyhow::Result;
use scylla::client::session::Session;
use store_cassandra::{CassandraBackend, CassandraConfig};
use tokio::{runtime::Runtime, sync::Mutex};

use crate::servers::cassandra_session;

/// Those with one server, so that a case has handles that know nothing of each other.
type Pair = [Arc<Session>; 2];

/// Each case has a runtime of its own, and sessions live longer.
static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
});

static PAIRS: LazyLock<Mutex<HashMap<String, Pair>>> = LazyLock::new(Mutex::default);

/// Two handles, each on a session of its own.
pub(crate) async fn handles(url: &str, config: &CassandraConfig) -> Result<[CassandraBackend; 2]> {
    let [one, other] = pair(url).await?;
    Ok([
        CassandraBackend::with_session(one, config.clone()).await?,
        CassandraBackend::with_session(other, config.clone()).await?,
    ])
}

async fn pair(url: &str) -> Result<Pair> {
    let mut pairs = PAIRS.lock().await;
    if let Some(pair) = pairs.get(url) {
        return Ok(pair.clone());
    }
    let pair = [connect(url).await?, connect(url).await?];
    pairs.insert(url.to_owned(), pair.clone());
    Ok(pair)
}

async fn connect(url: &str) -> Result<Arc<Session>> {
    let runtime = RUNTIME.as_ref().map_err(|error| anyhow::anyhow!("no runtime: {error}"))?;
    let built = runtime.spawn(cassandra_session(url.to_owned()));
    Ok(Arc::new(built.await??))
}
