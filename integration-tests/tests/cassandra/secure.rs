//! Accounts, and encrypted connections.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    Certificates,
    servers::{CASSANDRA_YAML, Server, ServerKind, Settings},
};
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_conformance::waist::{MAP, Owner, all, key, task};
use store_core::{Error, ErrorKind, Secret, backend::Backend};

use super::{PLAIN, config};

/// Accounts, and TLS with certificates of the client's.
const SECURE: &str = "
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: true
  keystore: /etc/cassandra/server.pem
  truststore: /etc/cassandra/ca.pem
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory
";

fn start(certificates: &Certificates) -> Result<Server> {
    let file = |name| fs::read(certificates.file(name));
    let settings = Settings::default()
        .with_file(CASSANDRA_YAML, format!("{PLAIN}{SECURE}"))
        .with_file("/etc/cassandra/ca.pem", file("ca.pem")?)
        .with_file(
            "/etc/cassandra/server.pem",
            [file("server.key")?, file("server.pem")?].concat(),
        );
    Server::own(ServerKind::Cassandra, settings)
}

/// Who the server knows, by a certificate that it trusts.
fn known(certificates: &Certificates) -> CassandraConfig {
    let mut config = config("store_tests.secure");
    config.user = Some("cassandra".to_owned());
    config.password = Some(Secret::new("cassandra"));
    config.tls = true;
    config.tls_ca = Some(certificates.file("ca.pem"));
    config.tls_certificate = Some(certificates.file("client.pem"));
    config.tls_key = Some(certificates.file("client.key"));
    config
}

async fn refused(server: &Server, config: CassandraConfig) -> Result<Error> {
    let start = Instant::now();
    let error = CassandraBackend::connect(server.url(), config).await.err();
    let error = error.context("it was not refused")?;
    ensure!(start.elapsed() < Duration::from_secs(11), "{:?}: {error:?}", start.elapsed());
    Ok(error)
}

pub(crate) async fn accounts_and_tls(_other: Arc<Server>) -> Result<()> {
    let certificates = Certificates::new()?;
    let server = start(&certificates)?;
    // The first account is made a moment after the start.
    let begin = Instant::now();
    let backend = loop {
        match CassandraBackend::connect(server.url(), known(&certificates)).await {
            Ok(backend) => break backend,
            Err(error) if begin.elapsed() > Duration::from_secs(60) => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    };
    let backend: Arc<dyn Backend> = Arc::new(backend);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let model = [(key("key"), key("value"))].into();
    owner.put(MAP, &model).await?;
    ensure!(all(owner.reader(), MAP).await? == model);

    let mut config = known(&certificates);
    config.password = Some(Secret::new("hunter2"));
    let error = refused(&server, config).await?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "a wrong password: {error:?}");
    ensure!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let mut config = known(&certificates);
    (config.user, config.password) = (None, None);
    let error = refused(&server, config).await?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "no password: {error:?}");
    let mut config = known(&certificates);
    config.tls_ca = None;
    let error = refused(&server, config).await?;
    ensure!(error.kind() == ErrorKind::Config && error.to_string().contains("tls_ca"), "{error:?}");
    let mut config = known(&certificates);
    (config.tls_certificate, config.tls_key) = (None, None);
    // The node's answer races the first request.
    for _ in 0..20 {
        let error = refused(&server, config.clone()).await?;
        ensure!(error.kind() == ErrorKind::Config, "no certificate of ours: {error:?}");
        ensure!(error.to_string().contains("tls_certificate"), "{error}");
    }
    let mut config = known(&certificates);
    (config.tls, config.tls_ca, config.tls_certificate, config.tls_key) = (false, None, None, None);
    let error = refused(&server, config).await?;
    ensure!(
        matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Config),
        "no TLS: {error:?}"
    );
    Ok(())
}
