//! A real Redis server for the time of a test binary.

use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
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
    persistence: &'static [&'static str],
}

/// Every write is on disk before it is answered.
const ALWAYS: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];
/// Nothing is on disk.
const NEVER: &[&str] = &["--appendonly", "no"];

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
        Self::with(ALWAYS)
    }

    /// As [`own`](Self::own), with persistence off.
    pub fn forgetful() -> Result<Self> {
        Self::with(NEVER)
    }

    fn with(persistence: &'static [&'static str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // A port that was free may be somebody else's a moment later.
        let mut last = None;
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            match serve(port, folder.path(), persistence) {
                Ok(process) => {
                    let own = Some(Own { process, port, folder, persistence });
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
        self.kill()?;
        self.start_again()
    }

    /// Kills our own server with `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        let own = self.ours()?;
        own.process.kill()?;
        own.process.wait()?;
        Ok(())
    }

    /// Ends our own server in an orderly way.
    pub fn shut_down(&mut self) -> Result<()> {
        let own = self.ours()?;
        own.signal(Signal::TERM)?;
        own.process.wait()?;
        Ok(())
    }

    /// Starts our own server, which has ended, on what it had written.
    pub fn start_again(&mut self) -> Result<()> {
        let own = self.ours()?;
        own.process = serve(own.port, own.folder.path(), own.persistence)?;
        Ok(())
    }

    /// Stops our own server in the middle of whatever it does, or lets it go on.
    pub fn stop(&mut self, stop: bool) -> Result<()> {
        self.ours()?.signal(if stop { Signal::STOP } else { Signal::CONT })
    }

    /// Makes our own server write down what it has now.
    pub fn save(&mut self) -> Result<()> {
        let answer = ask(self.ours()?.port, b"SAVE\r\nQUIT\r\n")?;
        ensure!(answer.starts_with("+OK"), "the server cannot save: {answer}");
        Ok(())
    }

    fn ours(&mut self) -> Result<&mut Own> {
        self.own.as_mut().context("the server is not ours")
    }

    /// Where our own server listens; port 0 where it is not ours.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.own.as_ref().map_or(0, |own| own.port)).into()
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Own {
    fn signal(&self, signal: Signal) -> Result<()> {
        let process = Pid::from_raw(self.process.id().cast_signed()).context("a process")?;
        Ok(kill_process(process, signal)?)
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
fn serve(port: u16, folder: &Path, persistence: &[&str]) -> Result<Child> {
    // Test binaries end in ways that drop nothing; the kernel then ends the server.
    let start = |program: &[&str]| spawn(program, port, folder, persistence);
    let mut process = match start(&["setpriv", "--pdeathsig", "KILL", "redis-server"]) {
        Err(error) if error.kind() == ErrorKind::NotFound => start(&["redis-server"]),
        spawned => spawned,
    }?;
    let answers = wait(&mut process, port, folder);
    if answers.is_err() {
        let _ = process.kill();
        let _ = process.wait();
    }
    answers.map(|()| process)
}

fn spawn(
    program: &[&str],
    port: u16,
    folder: &Path,
    persistence: &[&str],
) -> std::io::Result<Child> {
    let log = fs::File::create(folder.join(LOG))?;
    Command::new(program[0])
        .args(&program[1..])
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""])
        .args(persistence)
        .arg("--dir")
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
    let asked = ask(port, b"INFO server\r\nPING\r\nQUIT\r\n");
    let expected = format!("process_id:{process}\r\n");
    asked.is_ok_and(|answer| answer.contains(&expected) && answer.contains("+PONG"))
}

/// What the server answers to commands of which the last one ends the connection.
fn ask(port: u16, commands: &[u8]) -> std::io::Result<String> {
    let mut line = TcpStream::connect(("127.0.0.1", port))?;
    line.set_read_timeout(Some(Duration::from_secs(1)))?;
    line.write_all(commands)?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    Ok(answer)
}
