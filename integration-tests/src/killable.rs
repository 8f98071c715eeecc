//! Places whose state is kept by a process of their own, that can be killed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use async_trait::async_trait;
use store_conformance::Place;
use store_core::backend::Backend;
use store_redis::{RedisBackend, RedisConfig};
use tempfile::TempDir;

use crate::{
    RedisServer,
    remote::{Process, RemoteBackend},
};

/// Local disk, worked by a process of its own.
#[derive(Debug)]
pub struct KillableEmbedded {
    folder: TempDir,
    process: Mutex<Arc<Process>>,
}

impl KillableEmbedded {
    /// An empty folder, and a process that serves it.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let process = Mutex::new(Process::start(folder.path())?);
        Ok(Self { folder, process })
    }

    fn process(&self) -> MutexGuard<'_, Arc<Process>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Place for KillableEmbedded {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        let process = self.process().clone();
        Ok(Arc::new(RemoteBackend::open(process).await?))
    }

    async fn kill(&self) -> Result<bool> {
        let mut process = self.process();
        process.kill()?;
        *process = Process::start(self.folder.path())?;
        Ok(true)
    }

    fn handles_outlive_a_kill(&self) -> bool {
        false
    }
}

/// A Redis server that serves nobody else, and syncs each write to its disk.
#[derive(Debug)]
pub struct KillableRedis(Mutex<RedisServer>);

impl KillableRedis {
    /// Starts one.
    pub fn start() -> Result<Self> {
        Ok(Self(Mutex::new(RedisServer::own()?)))
    }

    fn server(&self) -> MutexGuard<'_, RedisServer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Place for KillableRedis {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        let url = self.server().url().to_owned();
        Ok(Arc::new(RedisBackend::connect(&url, RedisConfig::default()).await?))
    }

    async fn kill(&self) -> Result<bool> {
        self.server().kill_and_restart()?;
        Ok(true)
    }
}
