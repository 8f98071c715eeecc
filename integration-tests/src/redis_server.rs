//! A real Redis server for the time of a test binary.

use std::{
    env,
    net::TcpListener,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A server of our own, or the one that the environment variable `TEST_REDIS_URL` names.
#[derive(Debug)]
pub struct RedisServer {
    url: String,
    own: Option<Own>,
}

#[derive(Debug)]
struct Own {
    process: Child,
    _folder: TempDir,
}

const PATIENCE: Duration = Duration::from_secs(20);

impl RedisServer {
    /// Starts `redis-server` from the path on a free local port, with everything in a folder of its own.
    ///
    /// An error where it cannot be started: a server that was asked for is never skipped.
    pub fn start() -> Result<Self> {
        if let Ok(url) = env::var("TEST_REDIS_URL") {
            return Ok(Self { url, own: None });
        }
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
            .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .context(
                "cannot start redis-server: install it, or name a running one by TEST_REDIS_URL",
            )?;
        let mut server = Self {
            url: format!("redis://127.0.0.1:{port}/"),
            own: Some(Own { process, _folder: folder }),
        };
        server.wait(port)?;
        Ok(server)
    }

    fn wait(&mut self, port: u16) -> Result<()> {
        let start = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(start.elapsed() < PATIENCE, "redis-server does not answer on port {port}");
            let own = self.own.as_mut().context("the server is ours")?;
            let ended = own.process.try_wait()?;
            ensure!(ended.is_none(), "redis-server ended at once: {ended:?}");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        if let Some(own) = &mut self.own {
            let _ = own.process.kill();
            let _ = own.process.wait();
        }
    }
}
