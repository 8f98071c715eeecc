//! What the stores stand on.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

/// A group of lines of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// In memory; bare is a `BTreeMap` without a lock.
    Memory,
    /// On local disk; bare is the storage engine.
    Embedded,
    /// Memory, each call 0.1 ms away.
    #[value(name = "remote-0.1")]
    #[serde(rename = "remote-0.1")]
    RemoteNear,
    /// Memory, each call 0.5 ms away.
    #[value(name = "remote-0.5")]
    #[serde(rename = "remote-0.5")]
    Remote,
    /// Memory, each call 2 ms away.
    #[value(name = "remote-2")]
    #[serde(rename = "remote-2")]
    RemoteFar,
    /// Memory under the redo-log protocol, each request 0.5 ms away.
    RemoteRedo,
    /// A Redis server as it is; bare is its client with pipelines.
    Redis,
    /// The same server behind a proxy, a round trip of 0.5 ms away.
    #[value(name = "redis-0.5")]
    #[serde(rename = "redis-0.5")]
    RedisFar,
    /// A Cassandra server as it is; bare is its driver with unlogged batches.
    Cassandra,
    /// An Elasticsearch or OpenSearch server as it is; bare is its client with bulk requests and multi-gets.
    Elastic,
}

/// A server that must be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Redis,
    Cassandra,
    Elastic,
}

impl Target {
    /// The server that it is measured on; none for what runs in this process.
    pub(crate) const fn server(self) -> Option<Server> {
        match self {
            Self::Redis | Self::RedisFar => Some(Server::Redis),
            Self::Cassandra => Some(Server::Cassandra),
            Self::Elastic => Some(Server::Elastic),
            Self::Memory | Self::Embedded => None,
            Self::RemoteNear | Self::Remote | Self::RemoteFar | Self::RemoteRedo => None,
        }
    }

    /// How far away it is made to be.
    pub(crate) const fn distance(self) -> Duration {
        Duration::from_micros(match self {
            Self::Memory | Self::Embedded | Self::Redis | Self::Cassandra | Self::Elastic => 0,
            Self::RemoteNear => 100,
            Self::Remote | Self::RemoteRedo | Self::RedisFar => 500,
            Self::RemoteFar => 2000,
        })
    }
}
