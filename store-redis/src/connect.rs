//! Connections: to one server, or to those of a cluster.

use std::{fs, path::Path};

use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo,
    TlsCertificates, TlsMode, Value, aio::ConnectionManagerConfig, cluster::ClusterClientBuilder,
    io::tcp::TcpSettings,
};
use store_core::{Error, ErrorKind, Result};

use crate::{
    RedisConfig,
    address::{Address, Place},
    error::connecting,
    link::{LONGEST_PAUSE, Line, Link},
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
        if link.is_cluster() {
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
