//! Real servers in containers, for the time of a test binary: killed, paused and started again on what they had written.

mod cassandra;
mod cassandra_cluster;
mod cluster;
mod container;
mod elastic;
mod elastic_cluster;
mod image;
mod redis;
mod settings;

use std::{
    env, fmt,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

pub use self::{
    cassandra::{CASSANDRA_YAML, cassandra_session, version as cassandra_version},
    cassandra_cluster::CassandraCluster,
    cluster::RedisCluster,
    elastic::{http, version as elastic_version},
    elastic_cluster::ElasticCluster,
    redis::version as redis_version,
    settings::Settings,
};
use self::{container::Container, settings::Spec};

/// The servers there are recipes for; their versions stand in `compose/images`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerKind {
    /// Redis 7.0, the oldest that is supported.
    Redis7,
    /// Redis 8.
    Redis8,
    /// Valkey.
    Valkey,
    /// Apache Cassandra, which syncs its commit log before it acknowledges.
    Cassandra,
    /// Elasticsearch, without security.
    Elasticsearch,
    /// OpenSearch, without security.
    OpenSearch,
}

/// A server in a container of its own, or a running one that an environment variable names.
#[derive(Debug)]
pub struct Server {
    kind: ServerKind,
    url: String,
    container: Option<Container>,
    /// Whether it has its data in memory.
    forgets: bool,
}

impl ServerKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Redis7,
        Self::Redis8,
        Self::Valkey,
        Self::Cassandra,
        Self::Elasticsearch,
        Self::OpenSearch,
    ];

    /// Its name, as `compose/build` takes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redis7 => "redis-7",
            Self::Redis8 => "redis-8",
            Self::Valkey => "valkey",
            Self::Cassandra => "cassandra",
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        }
    }

    /// Whether it runs on Java: two of those at once are more than a small machine has memory for.
    #[must_use]
    pub const fn is_java(self) -> bool {
        matches!(self, Self::Cassandra | Self::Elasticsearch | Self::OpenSearch)
    }

    /// The port inside its container.
    const fn port(self) -> u16 {
        match self {
            Self::Redis7 | Self::Redis8 | Self::Valkey => 6379,
            Self::Cassandra => 9042,
            Self::Elasticsearch | Self::OpenSearch => 9200,
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::Redis7 | Self::Redis8 | Self::Valkey => "redis",
            Self::Cassandra => "cassandra",
            Self::Elasticsearch => "elasticsearch+http",
            Self::OpenSearch => "opensearch+http",
        }
    }

    fn spec(self, settings: Settings) -> Spec {
        match self {
            Self::Redis7 | Self::Redis8 | Self::Valkey => redis::spec(self, settings),
            Self::Cassandra => cassandra::spec(settings),
            Self::Elasticsearch | Self::OpenSearch => elastic::spec(self, settings),
        }
    }

    fn answers(self, address: SocketAddr) -> Result<()> {
        match self {
            Self::Redis7 | Self::Redis8 | Self::Valkey => redis::answers(address),
            Self::Cassandra => cassandra::answers(address),
            Self::Elasticsearch | Self::OpenSearch => elastic::answers(address),
        }
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Server {
    /// The running server that `TEST_…_URL` names (such as `TEST_REDIS_8_URL`), else one of our own that forgets when it ends.
    pub fn start(kind: ServerKind) -> Result<Self> {
        match env::var(image::variable(kind.name(), "URL")) {
            Ok(url) => Ok(Self { kind, url, container: None, forgets: false }),
            Err(_) => Self::own(kind, Settings::default().in_memory()),
        }
    }

    /// Starts a container and waits until the server in it answers.
    ///
    /// The image is the one that `TEST_…_IMAGE` names, else the local one that `compose/build` makes, else the public one.
    /// An error where it cannot be started: a server that was asked for is never skipped.
    pub fn own(kind: ServerKind, settings: Settings) -> Result<Self> {
        let (encrypted, forgets) = (settings.encrypted, settings.in_memory);
        let container = Container::start(kind.name(), &kind.spec(settings))?;
        let port = container.port(kind.port()).context("its port is published")?;
        let url = format!("{}://127.0.0.1:{port}", kind.scheme());
        let server = Self { kind, url, container: Some(container), forgets };
        if !encrypted {
            server.wait()?;
        }
        Ok(server)
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> ServerKind {
        self.kind
    }

    /// Where it is, as [`store::connect`] takes it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address on this machine; an error where it is not ours.
    pub fn address(&self) -> Result<SocketAddr> {
        self.address_of(self.kind.port())
    }

    /// The address of another port that the settings published.
    pub fn address_of(&self, port: u16) -> Result<SocketAddr> {
        let published = self.ours()?.port(port).context("the port is not published")?;
        Ok(SocketAddr::from(([127, 0, 0, 1], published)))
    }

    /// Kills it with `kill -9`; returns when it has ended. An error for one that would forget everything.
    pub fn kill(&self) -> Result<()> {
        self.lasting()?.kill()
    }

    /// Ends it in an orderly way; returns when it has ended. An error for one that would forget everything.
    pub fn shut_down(&self) -> Result<()> {
        self.lasting()?.end("TERM")
    }

    /// Starts it again, after it has ended, on the same port and on what it had written; returns when it answers.
    pub fn start_again(&self) -> Result<()> {
        self.ours()?.start_again()?;
        self.wait()
    }

    /// Stops its processes where they are; connections stay, and nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.ours()?.pause()
    }

    /// Lets it go on after a pause.
    pub fn resume(&self) -> Result<()> {
        self.ours()?.resume()
    }

    fn lasting(&self) -> Result<&Container> {
        ensure!(!self.forgets, "the server has its data in memory: start one by `own`");
        self.ours()
    }

    fn ours(&self) -> Result<&Container> {
        self.container.as_ref().context("the server is not ours")
    }

    fn wait(&self) -> Result<()> {
        let address = self.address()?;
        wait_for(self.kind.name(), self.ours()?, || self.kind.answers(address))
    }
}

const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until a server answers; an error with the end of its log where it ends, or does not in time.
fn wait_for(name: &str, container: &Container, answers: impl Fn() -> Result<()>) -> Result<()> {
    let start = Instant::now();
    loop {
        let Err(error) = answers() else { return Ok(()) };
        let ended = !container.is_running()?;
        if ended || start.elapsed() > PATIENCE {
            let what = if ended { "it ended" } else { "it does not answer" };
            bail!(
                "{name} cannot be started, {what}: {error:#}; its log ends:\n{}",
                container.log()?
            );
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// The address of a node of a cluster, by the cluster's kind: another program's has another third part.
fn node_ip(kind: u8, number: u8) -> Ipv4Addr {
    let [.., own] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, kind, own, number)
}

/// A connection that is not waited for without end, with the request sent.
fn request(address: SocketAddr, bytes: &[u8]) -> Result<TcpStream> {
    request_within(Duration::from_secs(60), address, bytes)
}

fn request_within(limit: Duration, address: SocketAddr, bytes: &[u8]) -> Result<TcpStream> {
    let mut line = TcpStream::connect_timeout(&address, limit)?;
    line.set_read_timeout(Some(limit))?;
    line.set_write_timeout(Some(limit))?;
    line.write_all(bytes)?;
    ensure!(line.peek(&mut [0])? > 0, "it closed the connection");
    Ok(line)
}
