//! A real Redis server for the time of a test binary.

use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
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
    port: u16,
    folder: TempDir,
}

const PATIENCE: Duration = Duration::from_secs(20);
const LOG: &str = "log";

impl RedisServer {
    /// The named server, else one of our own.
    pub fn start() -> Result<Self> {
        match env::var("TEST_REDIS_URL") {
            Ok(url) => Ok(Self { url, own: None }),
            Err(_) => Self::own(),
        }
    }

    /// Starts `redis-server` from the path on a free local port, with everything in a folder of its own.
    ///
    /// An error where it cannot be started: a server that was asked for is never skipped.
    pub fn own() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // A port that was free may be somebody else's a moment later.
        let mut last = None;
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            match serve(port, folder.path()) {
                Ok(process) => {
                    let own = Some(Own { process, port, folder });
                    return Ok(Self { url: format!("redis://127.0.0.1:{port}/"), own });
                }
                Err(error) => last = Some(error),
            }
        }
        let advice = "cannot start redis-server: install Redis 7.0 or newer, or name a running one by TEST_REDIS_URL";
        Err(last.context("no attempt")?.context(advice))
    }

    /// Kills our own server with `kill -9` and starts it again on what it had written.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        let own = self.own.as_mut().context("the server is not ours")?;
        own.process.kill()?;
        own.process.wait()?;
        own.process = serve(own.port, own.folder.path())?;
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

/// Starts the process and waits until it answers.
fn serve(port: u16, folder: &Path) -> Result<Child> {
    // Test binaries end in ways that drop nothing; the kernel then ends the server.
    let mut process = match spawn(&["setpriv", "--pdeathsig", "KILL", "redis-server"], port, folder)
    {
        Err(error) if error.kind() == ErrorKind::NotFound => spawn(&["redis-server"], port, folder),
        spawned => spawned,
    }?;
    let answers = wait(&mut process, port, folder);
    if answers.is_err() {
        let _ = process.kill();
        let _ = process.wait();
    }
    answers.map(|()| process)
}

fn spawn(program: &[&str], port: u16, folder: &Path) -> std::io::Result<Child> {
    let log = fs::File::create(folder.join(LOG))?;
    Command::new(program[0])
        .args(&program[1..])
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always", "--dir"])
        .arg(folder)
        .stderr(log.try_clone()?)
        .stdout(log)
        .spawn()
}

fn wait(process: &mut Child, port: u16, folder: &Path) -> Result<()> {
    let start = Instant::now();
    while !is_answered_by(process.id(), port) {
        if let Some(ended) = process.try_wait()? {
            bail!("it ended at once, {ended}: {}", fs::read_to_string(folder.join(LOG))?);
        }
        ensure!(start.elapsed() < PATIENCE, "it does not answer on port {port}");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Whether the server on the port is this process, and has loaded what it had written.
fn is_answered_by(process: u32, port: u16) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut line = TcpStream::connect(("127.0.0.1", port))?;
        line.set_read_timeout(Some(Duration::from_secs(1)))?;
        line.write_all(b"INFO server\r\nPING\r\nQUIT\r\n")?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let expected = format!("process_id:{process}\r\n");
    asked().is_ok_and(|answer| answer.contains(&expected) && answer.contains("+PONG"))
}
