//! Apache Cassandra: one node whose commit log is synced before a write is acknowledged.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use scylla::client::{session::Session, session_builder::SessionBuilder};
use tokio::runtime::Builder;

use super::{
    ServerKind, request, request_within,
    settings::{MEMORY, Network, Settings, Spec},
};

/// The configuration of the node. A test may add lines to it and set it as the file [`CASSANDRA_YAML`].
const CONFIGURATION: &str = include_str!("../../../compose/cassandra/cassandra.yaml");

/// Where a node reads its configuration.
pub const CASSANDRA_YAML: &str = "/etc/cassandra/cassandra.yaml";

pub(crate) fn spec(mut settings: Settings) -> Spec {
    let mut ports = vec![ServerKind::Cassandra.port()];
    ports.append(&mut settings.ports);
    with_network(settings, Network::Published(ports))
}

/// A node that has the network of the machine.
pub(crate) fn on_machine(settings: Settings) -> Spec {
    with_network(settings, Network::Host)
}

fn with_network(settings: Settings, network: Network) -> Spec {
    let configuration = match settings.in_memory {
        true => CONFIGURATION.replace("/var/lib/cassandra", MEMORY),
        false => CONFIGURATION.to_owned(),
    };
    let mut files = vec![(CASSANDRA_YAML.to_owned(), configuration.into())];
    files.extend(settings.files);
    // A driver connects to the address it is told, on the port it came by.
    let told = ("CASSANDRA_BROADCAST_RPC_ADDRESS", "127.0.0.1");
    let mut env: Vec<_> = [("MAX_HEAP_SIZE", "512m"), ("HEAP_NEWSIZE", "128m"), told]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    env.extend(settings.env);
    // As the image's own entry point takes it.
    let command = ["cassandra", "-f"].map(str::to_owned).into_iter().chain(settings.args).collect();
    Spec { command, env, files, network, in_memory: settings.in_memory }
}

/// The version of the server at a URL, as `cassandra-5.0.8`.
pub fn version(url: &str) -> Result<String> {
    Builder::new_current_thread().enable_all().build()?.block_on(asked(url))
}

/// How many other nodes a node knows.
pub(crate) fn peers(address: SocketAddr) -> Result<usize> {
    let asked = async {
        let session = cassandra_session(address.to_string()).await?;
        let rows = session.query_unpaged("SELECT peer FROM system.peers", ()).await?;
        Ok(rows.into_rows_result()?.rows_num())
    };
    Builder::new_current_thread().enable_all().build()?.block_on(asked)
}

/// A session of the driver's own with a server, by its URL or the address of one of its nodes.
pub async fn cassandra_session(place: impl AsRef<str>) -> Result<Session> {
    let nodes = place.as_ref().trim_start_matches("cassandra://");
    let node = nodes.split(',').next().context("a node")?;
    Ok(SessionBuilder::new().known_node(node).build().await?)
}

async fn asked(url: &str) -> Result<String> {
    let session = cassandra_session(url).await?;
    let rows = session.query_unpaged("SELECT release_version FROM system.local", ()).await?;
    let (version,) = rows.into_rows_result()?.single_row::<(String,)>()?;
    Ok(format!("cassandra-{version}"))
}

/// Whether it answers at all: a node that asks for a password or for TLS does, too.
pub(crate) fn answers(address: SocketAddr) -> Result<()> {
    // The frame OPTIONS of version 4 of the protocol.
    const OPTIONS: &[u8] = &[4, 0, 0, 0, 5, 0, 0, 0, 0];
    // A handshake that says nothing: TLS answers with an alert, and keeps silent about what is not TLS.
    const HELLO: &[u8] = &[22, 3, 1, 0, 4, 1, 0, 0, 0];
    let first = request_within(Duration::from_secs(2), address, OPTIONS);
    first.or_else(|_| request(address, HELLO)).map(drop)
}
