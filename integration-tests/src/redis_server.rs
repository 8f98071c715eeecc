//! A real Redis server for the time of a test binary.

use std::{
    env, fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::Certificates;

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
    setup: Vec<String>,
    folder: TempDir,
}

const PATIENCE: Duration = Duration::from_secs(60);
const LOG: &str = "log";
const SOCKET: &str = "socket";
const NOT_OURS: &str = "the server is not ours";

impl RedisServer {
    /// The named server, else one of our own.
    pub fn start() -> Result<Self> {
        match env::var("TEST_REDIS_URL") {
            Ok(url) => Ok(Self::at_url(&url)),
            Err(_) => Self::own(),
        }
    }

    /// A running one.
    #[must_use]
    pub fn at_url(url: &str) -> Self {
        Self { url: url.to_owned(), own: None }
    }

    /// Starts `redis-server` from the path, or the program that `TEST_REDIS_SERVER` names, on a free local port, with
    /// everything in a folder of its own and an append-only file that is synced before each answer.
    ///
    /// An error where it cannot be started: a server that was asked for is never skipped.
    pub fn own() -> Result<Self> {
        Self::with(&[])
    }

    /// As [`own`](Self::own), with persistence off.
    pub fn forgetful() -> Result<Self> {
        Self::with(&["--appendonly", "no"])
    }

    /// One of our own with more settings, `--name` and `value` in turn; of two of one name the later holds.
    pub fn with(settings: &[&str]) -> Result<Self> {
        Self::at("--port", "redis", settings)
    }

    /// One that speaks TLS only. Where `asks`, it wants a certificate of the client.
    pub fn tls(certificates: &Certificates, asks: bool, settings: &[&str]) -> Result<Self> {
        let file = |name| certificates.file(name).display().to_string();
        let (ca, certificate, key) = (file("ca.pem"), file("server.pem"), file("server.key"));
        let files =
            ["--tls-ca-cert-file", &ca, "--tls-cert-file", &certificate, "--tls-key-file", &key];
        let asks = ["--port", "0", "--tls-auth-clients", if asks { "yes" } else { "no" }];
        Self::at("--tls-port", "rediss", &[&files[..], &asks, settings].concat())
    }

    fn at(port_setting: &str, scheme: &str, settings: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // A port that was free may be somebody else's a moment later.
        let mut last = None;
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let setup = settings.iter().map(|&text| text.to_owned());
            let setup: Vec<_> = setup.chain([port_setting.to_owned(), port.to_string()]).collect();
            match serve(&setup, folder.path()) {
                Ok(process) => {
                    let own = Some(Own { process, port, setup, folder });
                    return Ok(Self { url: format!("{scheme}://127.0.0.1:{port}/"), own });
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
        let own = self.own.as_mut().context(NOT_OURS)?;
        own.process.kill()?;
        own.process.wait()?;
        Ok(())
    }

    /// Ends our own server in an orderly way.
    pub fn shut_down(&mut self) -> Result<()> {
        let own = self.own.as_mut().context(NOT_OURS)?;
        own.signal(Signal::TERM)?;
        own.process.wait()?;
        Ok(())
    }

    /// Starts our own server, which has ended, on what it had written.
    pub fn start_again(&mut self) -> Result<()> {
        let own = self.own.as_mut().context(NOT_OURS)?;
        own.process = serve(&own.setup, own.folder.path())?;
        Ok(())
    }

    /// Stops our own server in the middle of whatever it does, so that it answers nothing, or lets it go on.
    pub fn hold(&self, hold: bool) -> Result<()> {
        let own = self.own.as_ref().context(NOT_OURS)?;
        own.signal(if hold { Signal::STOP } else { Signal::CONT })
    }

    /// Makes our own server write down what it has now.
    pub fn save(&self) -> Result<()> {
        let own = self.own.as_ref().context(NOT_OURS)?;
        let answer = ask(own.folder.path(), b"SAVE\r\nQUIT\r\n")?;
        ensure!(answer.starts_with("+OK"), "the server cannot save: {answer}");
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where our own server listens; port 0 where it is not ours.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.own.as_ref().map_or(0, |own| own.port)).into()
    }

    /// The port of our own server.
    pub fn port(&self) -> Result<u16> {
        Ok(self.own.as_ref().context(NOT_OURS)?.port)
    }

    /// The socket that our own server listens at, too, without TLS.
    pub fn socket(&self) -> Result<PathBuf> {
        Ok(self.own.as_ref().context(NOT_OURS)?.folder.path().join(SOCKET))
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
fn serve(setup: &[String], folder: &Path) -> Result<Child> {
    // Test binaries end in ways that drop nothing; the kernel then ends the server.
    let program = env::var("TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    let mut process = match spawn(&["setpriv", "--pdeathsig", "KILL", &program], setup, folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => spawn(&[&program], setup, folder),
        spawned => spawned,
    }?;
    let answers = wait(&mut process, folder);
    if answers.is_err() {
        let _ = process.kill();
        let _ = process.wait();
    }
    answers.map(|()| process)
}

fn spawn(program: &[&str], setup: &[String], folder: &Path) -> std::io::Result<Child> {
    let log = fs::File::create(folder.join(LOG))?;
    Command::new(program[0])
        .args(&program[1..])
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always", "--unixsocket", SOCKET, "--dir"])
        .arg(folder)
        .args(setup)
        .stderr(log.try_clone()?)
        .stdout(log)
        .spawn()
}

fn wait(process: &mut Child, folder: &Path) -> Result<()> {
    let start = Instant::now();
    while !is_answered_by(process.id(), folder) {
        if let Some(ended) = process.try_wait()? {
            bail!("it ended at once, {ended}: {}", fs::read_to_string(folder.join(LOG))?);
        }
        ensure!(start.elapsed() < PATIENCE, "it does not answer");
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Whether the server at the socket is this process, and has loaded what it had written. Any answer but `LOADING` says
/// the latter: an account may be needed for more.
fn is_answered_by(process: u32, folder: &Path) -> bool {
    let expected = format!("process_id:{process}\r\n");
    let is_it = |answer: &str| answer.contains(&expected) && answer.contains("+PONG");
    let asked = ask(folder, b"INFO server\r\nPING\r\nQUIT\r\n");
    asked.is_ok_and(|answer| is_it(&answer) || answer.starts_with("-NOAUTH"))
}

/// What the server answers to commands of which the last one ends the connection.
fn ask(folder: &Path, commands: &[u8]) -> std::io::Result<String> {
    let mut line = UnixStream::connect(folder.join(SOCKET))?;
    line.set_read_timeout(Some(Duration::from_secs(1)))?;
    line.write_all(commands)?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    Ok(answer)
}
