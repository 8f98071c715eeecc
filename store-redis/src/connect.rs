//! Connections: to one server, or to those of a cluster.

use std::{fs, io, path::Path, time::Duration};

use redis::{
    Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind as RedisKind, FromRedisValue,
    IntoConnectionInfo, Pipeline, RedisConnectionInfo, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, TlsCertificates, TlsMode, Value,
    aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig},
    cluster::ClusterClientBuilder,
    cluster_async::ClusterConnection,
    io::tcp::TcpSettings,
};
use store_core::{Error, ErrorKind, Result};

use crate::{
    RedisConfig,
    address::{Address, Place},
    error::{code, connecting, is_aborted, refused},
    script::Call,
};

/// Makes connections by a URL and settings.
#[derive(Debug)]
pub(crate) struct Connector {
    address: Address,
    config: RedisConfig,
    certificates: TlsCertificates,
}

impl Connector {
    /// Reads what they name: certificates, secrets. Does not connect.
    pub(crate) fn new(url: &str, config: &RedisConfig) -> Result<Self> {
        let address = Address::parse(url)?;
        let set = [&config.tls_ca, &config.tls_certificate, &config.tls_key];
        if !address.tls && set.iter().any(|set| set.is_some()) {
            let message = "tls_ca, tls_certificate and tls_key need TLS: write rediss:// or rediss+cluster://";
            return Err(Error::new(ErrorKind::Config, message));
        }
        let file = |path: &Option<_>| path.as_deref().map(read).transpose();
        let own = file(&config.tls_certificate)?.zip(file(&config.tls_key)?);
        let certificates = TlsCertificates {
            client_tls: own.map(|(client_cert, client_key)| redis::ClientTlsConfig {
                client_cert,
                client_key,
            }),
            root_cert: file(&config.tls_ca)?,
        };
        Ok(Self { address, config: config.clone(), certificates })
    }

    /// A new connection.
    pub(crate) async fn connect(&self) -> Result<Link> {
        if self.address.tls && rustls::crypto::CryptoProvider::get_default().is_none() {
            // The driver panics where two are built in and none is chosen; one that was chosen meanwhile is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let line = match &self.address.place {
            Place::Cluster(hosts) => self.cluster(hosts).await?,
            Place::Server(host, port) => self.server(self.at(host, *port)).await?,
            Place::Socket(path) => self.server(ConnectionAddr::Unix(path.clone())).await?,
        };
        let failed = |error| connecting(error, self.address.tls);
        let link = Link::new(line, &self.config);
        let mut cluster = redis::cmd("PING");
        if let Line::Cluster(_) = &link.line {
            // Tells a cluster from a server that is none.
            cluster = redis::cmd("CLUSTER");
            cluster.arg("KEYSLOT").arg("x");
        }
        cluster.query_async::<Value>(&mut link.clone()).await.map_err(failed)?;
        Ok(link)
    }

    async fn server(&self, place: ConnectionAddr) -> Result<Line> {
        let failed = |error| connecting(error, self.address.tls);
        let settings = ConnectionManagerConfig::new()
            .set_response_timeout(Some(self.config.timeout()))
            .set_connection_timeout(Some(self.config.connect_timeout()))
            .set_max_delay(LONGEST_PAUSE)
            .set_number_of_retries(usize::try_from(self.config.retries).unwrap_or(usize::MAX));
        let client = self.client(place)?;
        // The first connection is tried once: a wrong address, or password, is to be said at once.
        client.get_multiplexed_async_connection_with_config(&self.once()).await.map_err(failed)?;
        Ok(Line::Server(client.get_connection_manager_with_config(settings).await.map_err(failed)?))
    }

    async fn cluster(&self, hosts: &[(String, u16)]) -> Result<Line> {
        let failed = |error| connecting(error, self.address.tls);
        // One by one, since the driver does not say why it reaches none of them.
        let mut reached = Err(Error::new(ErrorKind::Config, "the URL of Redis names no host"));
        for (host, port) in hosts {
            let client = self.client(self.at(host, *port))?;
            reached = client
                .get_multiplexed_async_connection_with_config(&self.once())
                .await
                .map_err(failed);
            if reached.is_ok() {
                break;
            }
        }
        reached?;
        let nodes = hosts.iter().map(|(host, port)| self.info(self.at(host, *port)));
        let mut builder = ClusterClientBuilder::new(nodes.collect::<Result<Vec<_>>>()?)
            // The driver would also send a commit again whose outcome is unknown; see `Link`.
            .retries(0)
            .connection_timeout(self.config.connect_timeout())
            .response_timeout(self.config.timeout())
            .tcp_settings(self.tcp());
        if self.address.tls {
            builder = builder.tls(TlsMode::Secure).certs(self.certificates.clone());
        }
        let client = builder.build().map_err(failed)?;
        Ok(Line::Cluster(client.get_async_connection().await.map_err(failed)?))
    }

    fn once(&self) -> redis::AsyncConnectionConfig {
        redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.config.connect_timeout()))
            .set_response_timeout(Some(self.config.connect_timeout()))
    }

    fn at(&self, host: &str, port: u16) -> ConnectionAddr {
        let host = host.to_owned();
        if self.address.tls {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }

    fn client(&self, place: ConnectionAddr) -> Result<Client> {
        let info = self.info(place)?;
        let client = if self.address.tls {
            Client::build_with_tls(info, self.certificates.clone())
        } else {
            Client::open(info)
        };
        client.map_err(|error| connecting(error, self.address.tls))
    }

    fn info(&self, place: ConnectionAddr) -> Result<ConnectionInfo> {
        let mut login =
            RedisConnectionInfo::default().set_db(self.address.number).set_skip_set_lib_name();
        if let Some(user) = self.address.user.as_ref().or(self.config.user.as_ref()) {
            login = login.set_username(user);
        }
        if let Some(password) = self.address.password.as_ref().or(self.config.password.as_ref()) {
            login = login.set_password(password.reveal()?);
        }
        let info =
            place.into_connection_info().map_err(|error| connecting(error, self.address.tls))?;
        Ok(info.set_redis_settings(login).set_tcp_settings(self.tcp()))
    }

    fn tcp(&self) -> TcpSettings {
        // A line that takes nothing any more is given up, and another one made.
        TcpSettings::default().set_nodelay(true).set_user_timeout(self.config.timeout())
    }
}

/// A file named by the settings.
fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let message = format!("cannot read the certificate or key {}", path.display());
        Error::new(ErrorKind::Config, message).with_source(error)
    })
}

/// A shared connection; clones use the same one.
///
/// What a cluster refuses because it is changing is sent again here and not by the driver, which would also do so after
/// a lost answer: a commit that was fenced could then have taken effect.
#[derive(Clone)]
pub(crate) struct Link {
    line: Line,
    limit: Duration,
    retries: u32,
}

#[derive(Clone)]
enum Line {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

#[derive(Clone, Copy)]
enum Request<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline, usize, usize),
}

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Link {
    fn new(line: Line, config: &RedisConfig) -> Self {
        Self { line, limit: config.timeout(), retries: config.retries }
    }

    /// Around somebody else's connection.
    pub(crate) fn of(connection: ConnectionManager, config: &RedisConfig) -> Self {
        Self::new(Line::Server(connection), config)
    }

    /// Runs a script.
    pub(crate) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> RedisResult<T> {
        let answer = call.command(false).query_async(&mut self.clone()).await;
        match answer {
            Err(error) if is_unknown_script(&error) => {
                call.command(true).query_async(&mut self.clone()).await
            }
            answer => answer,
        }
    }

    /// Runs a script, and behind it on the same line another command.
    pub(crate) async fn run_and<A: FromRedisValue, B: FromRedisValue>(
        &self,
        call: &Call<'_>,
        then: &Cmd,
    ) -> RedisResult<(A, B)> {
        let both = |with_text| {
            let mut pipe = redis::pipe();
            pipe.add_command(call.command(with_text)).add_command(then.clone());
            pipe
        };
        match both(false).query_async(&mut self.clone()).await {
            Err(error) if is_unknown_script(&error) => {
                both(true).query_async(&mut self.clone()).await
            }
            answer => answer,
        }
    }

    async fn send(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let (limit, retries) = (self.limit, self.retries);
        let cluster = matches!(self.line, Line::Cluster(_));
        let patiently = async {
            let mut tries = 0;
            loop {
                let answer = self.line.send(request).await;
                match answer {
                    Err(error) if cluster && is_changing(&error) => {
                        if let (Request::Many(pipe, ..), true) = (request, is_aborted(&error)) {
                            self.line.learn(pipe).await;
                        }
                        if tries == retries {
                            let kind = RedisKind::ClusterConnectionNotFound;
                            let message = "the cluster is changing";
                            return Err((kind, message, error.to_string()).into());
                        }
                        let pause = Duration::from_millis(50 << tries.min(5));
                        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                        tries += 1;
                    }
                    answer => return answer,
                }
            }
        };
        tokio::time::timeout(limit, patiently)
            .await
            .unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
    }
}

impl Line {
    /// Asks by the first command of a transaction that was refused, which only reads. The driver does not look into
    /// refused transactions, and so would send them to the same server for ever.
    async fn learn(&mut self, refused: &Pipeline) {
        if let Some(first) = refused.cmd_iter().next() {
            let _ = self.send(Request::One(first)).await;
        }
    }

    async fn send(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let one = |value| vec![value];
        match (self, request) {
            (Self::Server(line), Request::One(command)) => {
                line.req_packed_command(command).await.map(one)
            }
            (Self::Cluster(line), Request::One(command)) => {
                line.req_packed_command(command).await.map(one)
            }
            (Self::Server(line), Request::Many(pipe, offset, count)) => {
                line.req_packed_commands(pipe, offset, count).await
            }
            (Self::Cluster(line), Request::Many(pipe, offset, count)) => {
                line.req_packed_commands(pipe, offset, count).await
            }
        }
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut answers = self.send(Request::One(command)).await?;
            Ok(answers.pop().unwrap_or(Value::Nil))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipe: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(self.send(Request::Many(pipe, offset, count)))
    }

    fn get_db(&self) -> i64 {
        match &self.line {
            Line::Server(line) => line.get_db(),
            Line::Cluster(line) => line.get_db(),
        }
    }
}

fn is_unknown_script(error: &RedisError) -> bool {
    code(error).as_deref() == Some("NOSCRIPT")
}

/// Whether a cluster has moved what was asked for, or is about to, and did nothing.
fn is_changing(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain};
    if code(error).is_some() {
        let kind = refused(error).and_then(|refused| refused.kind());
        return matches!(
            kind,
            Some(Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain)
        );
    }
    error.kind() == RedisKind::ClusterConnectionNotFound || error.is_connection_refusal()
}

#[cfg(test)]
mod tests {
    use super::is_changing;
    use crate::error::tests::answering;

    #[tokio::test]
    async fn a_refused_transaction_says_that_the_cluster_is_changing() {
        for (refusal, changing) in [
            ("MOVED 7 127.0.0.1:1", true),
            ("ASK 7 127.0.0.1:1", true),
            ("TRYAGAIN Multiple keys request during rehashing of slot", true),
            ("NOPERM this user has no permissions", false),
        ] {
            let answer = format!("+OK\r\n-{refusal}\r\n-EXECABORT Transaction discarded\r\n");
            let mut line = answering(answer).await;
            let mut pipe = redis::pipe();
            pipe.atomic().cmd("HGET");
            let error = pipe.query_async::<(String,)>(&mut line).await.unwrap_err();
            assert_eq!(is_changing(&error), changing, "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_commit_that_is_done_is_not_sent_again() {
        let mut line = answering("+OK\r\n-READONLY a replica\r\n".to_owned()).await;
        let mut pipe = redis::pipe();
        pipe.cmd("EVALSHA").cmd("WAIT");
        let error = pipe.query_async::<(String, u64)>(&mut line).await.unwrap_err();
        assert!(!is_changing(&error), "{error:?}");
    }
}
