//! Where state is kept, and what can be done to the server that keeps it.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Result;
use async_trait::async_trait;
use tempfile::TempDir;

/// A backend that persists.
pub trait Site: Send {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// The URL of a place of this name, which is empty when it is first used.
    ///
    /// `line` is where to find the server instead of at its own address.
    fn url(&self, place: &str, line: Option<SocketAddr>) -> String;

    /// The fail points of the adapter at the steps of its claims and commits, beside those that every backend has.
    fn steps(&self) -> Vec<&'static str>;

    /// The server; none where the state is on local disk, for one process at a time.
    fn server(&mut self) -> Option<&mut dyn Server>;
}

/// A server that the harness may do anything to.
#[async_trait]
pub trait Server: Send {
    /// Where it listens.
    fn address(&self) -> SocketAddr;

    /// What a request that commits has in it, and no other one.
    fn commit_marker(&self) -> &'static [u8];

    /// Whether it loses what it has acknowledged when it is killed.
    fn forgets(&self) -> bool;

    /// Kills it with `kill -9`.
    async fn kill(&mut self) -> Result<()>;

    /// Ends it in an orderly way.
    async fn shut_down(&mut self) -> Result<()>;

    /// Starts it on what it had written, and returns when it answers.
    async fn start(&mut self) -> Result<()>;

    /// Stops it with `SIGSTOP`.
    async fn stop(&mut self) -> Result<()>;

    /// Lets it go on.
    async fn go_on(&mut self) -> Result<()>;

    /// For a server that forgets: makes it remember what it has now.
    async fn remember(&mut self) -> Result<()> {
        Ok(())
    }
}

/// The embedded store.
#[derive(Debug)]
pub struct EmbeddedSite {
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl EmbeddedSite {
    /// In a folder that goes with it.
    pub fn new() -> Result<Self> {
        let temporary = tempfile::tempdir()?;
        Ok(Self { folder: temporary.path().into(), _temporary: Some(temporary) })
    }

    /// In a folder that stays.
    #[must_use]
    pub const fn at(folder: PathBuf) -> Self {
        Self { folder, _temporary: None }
    }

    fn path(&self, place: &str) -> PathBuf {
        self.folder.join(place)
    }
}

impl Site for EmbeddedSite {
    fn name(&self) -> &'static str {
        "embedded"
    }

    fn url(&self, place: &str, _line: Option<SocketAddr>) -> String {
        format!("embedded:{}", self.path(place).display())
    }

    fn steps(&self) -> Vec<&'static str> {
        store_embedded::STEPS.to_vec()
    }

    fn server(&mut self) -> Option<&mut dyn Server> {
        None
    }
}
