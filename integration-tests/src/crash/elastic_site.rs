//! Elasticsearch or OpenSearch: a server of our own, in a container.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use async_trait::async_trait;
use store_core::redo::Step;
use tokio::task::block_in_place;

use super::site::{Server, Site};
use crate::servers::{Server as Container, ServerKind, Settings};

/// A node that syncs its translog before it answers.
#[derive(Debug)]
pub struct ElasticSite(Container);

/// How long a request may take, in milliseconds; a claim of a server that has just started takes long.
const TIMEOUT_MS: u64 = 3_000;

impl ElasticSite {
    /// A node of our own, of Elasticsearch or OpenSearch.
    pub fn new(kind: ServerKind) -> Result<Self> {
        Ok(Self(Container::own(kind, Settings::default())?))
    }
}

impl Site for ElasticSite {
    fn name(&self) -> &'static str {
        self.0.kind().name()
    }

    fn url(&self, place: &str, line: Option<SocketAddr>) -> String {
        let address = line.unwrap_or_else(|| self.address());
        format!(
            "elasticsearch+http://{address}?namespace=crash.{place}&replicas=0&timeout_ms={TIMEOUT_MS}"
        )
    }

    fn steps(&self) -> Vec<&'static str> {
        // A worker destroys nothing.
        let steps = Step::ALL.iter().filter(|step| **step != Step::Wiping);
        steps.map(|step| step.name()).collect()
    }

    fn server(&mut self) -> Option<&mut dyn Server> {
        Some(self)
    }
}

#[async_trait]
impl Server for ElasticSite {
    fn address(&self) -> SocketAddr {
        // It is always ours, so it has one.
        self.0.address().unwrap_or_else(|_| (Ipv4Addr::LOCALHOST, 0).into())
    }

    fn commit_marker(&self) -> &'static [u8] {
        // What the record says of the change that made it.
        br#""change":"commit""#
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
