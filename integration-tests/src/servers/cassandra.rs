//! Apache Cassandra: one node whose commit log is synced before a write is acknowledged.

use std::{io::Read, net::SocketAddr};

use anyhow::Result;

use super::{
    ServerKind, request,
    settings::{Network, Settings, Spec},
};

/// The configuration of the node. A test may add lines to it and set it as the file [`CASSANDRA_YAML`].
const CONFIGURATION: &str = include_str!("../../../compose/cassandra/cassandra.yaml");

/// Where a node reads its configuration.
pub const CASSANDRA_YAML: &str = "/etc/cassandra/cassandra.yaml";

pub(crate) fn spec(settings: Settings) -> Spec {
    let mut ports = vec![ServerKind::Cassandra.port()];
    ports.extend(settings.ports);
    let mut files = vec![(CASSANDRA_YAML.to_owned(), CONFIGURATION.into())];
    files.extend(settings.files);
    // A driver connects to the address it is told, on the port it came by.
    let told = ("CASSANDRA_BROADCAST_RPC_ADDRESS", "127.0.0.1");
    let mut env: Vec<_> = [("MAX_HEAP_SIZE", "512m"), ("HEAP_NEWSIZE", "128m"), told]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    env.extend(settings.env);
    // As the image's own entry point takes it.
    let command = ["cassandra", "-f"].map(str::to_owned).into_iter().chain(settings.args).collect();
    Spec { command, env, files, network: Network::Published(ports) }
}

/// Whether it answers at all: a node that asks for a password or for TLS does, too.
pub(crate) fn answers(address: SocketAddr) -> Result<()> {
    // The frame OPTIONS of version 4 of the protocol.
    const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];
    let mut header = [0];
    Ok(request(address, &OPTIONS)?.read_exact(&mut header)?)
}
