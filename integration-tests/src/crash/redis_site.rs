//! Redis: a server of our own.

use std::net::SocketAddr;

use anyhow::Result;
use async_trait::async_trait;

use super::site::{Server, Site};
use crate::RedisServer;

/// A Redis server that writes each commit to disk before it answers, or one that keeps nothing.
#[derive(Debug)]
pub struct RedisSite {
    server: RedisServer,
    forgets: bool,
}

/// How long a request may take, in milliseconds.
const TIMEOUT_MS: u64 = 1_000;

/// Entries that one script applies: few, so that many commits are staged.
const CHUNK_ENTRIES: usize = 40;

/// The checkpoint, which stands in the arguments of the script.
pub(super) const COMMIT_MARKER: &[u8] = br#"{"layout":1,"sequence":"#;

/// The URL of a place in a server at an address.
pub(super) fn url(address: SocketAddr, place: &str) -> String {
    format!(
        "redis://{address}/?namespace={place}&timeout_ms={TIMEOUT_MS}&chunk_entries={CHUNK_ENTRIES}"
    )
}

impl RedisSite {
    /// With an append-only file, synced always.
    pub fn durable() -> Result<Self> {
        Ok(Self { server: RedisServer::own()?, forgets: false })
    }

    /// Without persistence, unless it is told to save.
    pub fn forgetful() -> Result<Self> {
        Ok(Self { server: RedisServer::forgetful()?, forgets: true })
    }
}

impl Site for RedisSite {
    fn name(&self) -> &'static str {
        if self.forgets { "redis-forgetful" } else { "redis" }
    }

    fn url(&self, place: &str, line: Option<SocketAddr>) -> String {
        url(line.unwrap_or_else(|| self.server.address()), place)
    }

    fn steps(&self) -> Vec<&'static str> {
        store_redis::STEPS.to_vec()
    }

    fn server(&mut self) -> Option<&mut dyn Server> {
        Some(self)
    }
}

#[async_trait]
impl Server for RedisSite {
    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    fn commit_marker(&self) -> &'static [u8] {
        COMMIT_MARKER
    }

    fn forgets(&self) -> bool {
        self.forgets
    }

    async fn kill(&mut self) -> Result<()> {
        self.server.kill()
    }

    async fn shut_down(&mut self) -> Result<()> {
        self.server.shut_down()
    }

    async fn start(&mut self) -> Result<()> {
        self.server.start_again()
    }

    async fn stop(&mut self) -> Result<()> {
        self.server.hold(true)
    }

    async fn go_on(&mut self) -> Result<()> {
        self.server.hold(false)
    }

    async fn remember(&mut self) -> Result<()> {
        self.server.save()
    }
}
