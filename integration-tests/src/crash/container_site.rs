//! A server of our own, in a container.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use async_trait::async_trait;
use store_core::redo::Step;
use tokio::task::block_in_place;

use super::{
    redis_site,
    site::{Server, Site},
};
use crate::servers::{Server as Container, ServerKind, Settings};

/// Redis, Valkey, or a node of Cassandra, Elasticsearch or OpenSearch, which syncs its log before it answers.
#[derive(Debug)]
pub struct ContainerSite(Container);

/// How long a request may take, in milliseconds; a claim of a server that has just started takes long.
const TIMEOUT_MS: u64 = 3_000;

impl ContainerSite {
    /// A node of our own.
    pub fn new(kind: ServerKind) -> Result<Self> {
        Ok(Self(Container::own(kind, Settings::default())?))
    }
}

impl Site for ContainerSite {
    fn name(&self) -> &'static str {
        self.0.kind().name()
    }

    fn url(&self, place: &str, line: Option<SocketAddr>) -> String {
        let address = line.unwrap_or_else(|| self.address());
        // Some commits in the record, some in chunks.
        let settings = format!("namespace=crash.{place}&timeout_ms={TIMEOUT_MS}&inline_bytes=512");
        match self.0.kind() {
            ServerKind::Redis7 | ServerKind::Redis8 | ServerKind::Valkey => {
                redis_site::url(address, place)
            }
            ServerKind::Cassandra => format!("cassandra://{address}?{settings}"),
            _ => format!("elasticsearch+http://{address}?{settings}&replicas=0"),
        }
    }

    fn steps(&self) -> Vec<&'static str> {
        if !self.0.kind().is_java() {
            return store_redis::STEPS.to_vec();
        }
        // A worker destroys nothing.
        let steps = Step::ALL.iter().filter(|step| **step != Step::Wiping);
        steps.map(|step| step.name()).collect()
    }

    fn server(&mut self) -> Option<&mut dyn Server> {
        Some(self)
    }
}

#[async_trait]
impl Server for ContainerSite {
    fn address(&self) -> SocketAddr {
        // It is always ours, so it has one.
        self.0.address().unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, 0).into())
    }

    fn commit_marker(&self) -> &'static [u8] {
        match self.0.kind() {
            // What the record says of the change that made it.
            ServerKind::Elasticsearch | ServerKind::OpenSearch => br#""change":"commit""#,
            // The checkpoint, which stands in the values of Cassandra's statement, too.
            _ => redis_site::COMMIT_MARKER,
        }
    }

    fn forgets(&self) -> bool {
        false
    }

    async fn kill(&mut self) -> Result<()> {
        block_in_place(|| self.0.kill())
    }

    async fn shut_down(&mut self) -> Result<()> {
        block_in_place(|| self.0.shut_down())
    }

    async fn start(&mut self) -> Result<()> {
        block_in_place(|| self.0.start_again())
    }

    async fn stop(&mut self) -> Result<()> {
        block_in_place(|| self.0.pause())
    }

    async fn go_on(&mut self) -> Result<()> {
        block_in_place(|| self.0.resume())
    }
}
