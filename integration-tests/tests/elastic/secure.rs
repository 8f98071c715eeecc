//! Accounts, and encrypted lines.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::{
    Certificates,
    servers::{Server, ServerKind, Settings},
};
use store_conformance::waist::{MAP, Owner, all, key, task};
use store_core::{
    Error, ErrorKind, Secret,
    backend::{Backend, PageLimit},
    search::Query,
};
use store_elastic::{ElasticBackend, ElasticConfig};

use super::{config, model, refused};

const PLAIN: &str = include_str!("../../../compose/elasticsearch/elasticsearch.yml");

/// Roles that may do what `docs/elastic.md` says and nothing else: for making indices, for owners and for readers.
const ROLES: &str = "
makes:
  indices:
    - names: ['secure-*']
      privileges: ['manage']
owns:
  indices:
    - names: ['secure-*']
      privileges: ['read', 'write', 'maintenance', 'view_index_metadata']
reads:
  indices:
    - names: ['secure-*']
      privileges: ['read', 'maintenance', 'view_index_metadata']
";

/// The password of each is `state-pass`.
const USERS: &str = "\
maker:$2a$10$abcdefghijklmnopqrstuuysgeTedbadtn5Em58fiCBqTYFSHtjr2
owner:$2a$10$abcdefghijklmnopqrstuuysgeTedbadtn5Em58fiCBqTYFSHtjr2
reader:$2a$10$abcdefghijklmnopqrstuuysgeTedbadtn5Em58fiCBqTYFSHtjr2
";

/// What a server over TLS is told besides; it wants a certificate of whoever asks.
const TLS: &str = "
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: server.key
xpack.security.http.ssl.certificate: server.pem
xpack.security.http.ssl.certificate_authorities: ca.pem
xpack.security.http.ssl.client_authentication: required
";

/// How long a server may take to answer over TLS.
const PATIENCE: Duration = Duration::from_secs(300);

const FOLDER: &str = "/usr/share/elasticsearch/config";

fn settings(more: &str) -> Settings {
    let plain = PLAIN.replace("security.enabled: false", "security.enabled: true");
    Settings::default()
        .with_file(format!("{FOLDER}/elasticsearch.yml"), plain + more)
        .with_file(format!("{FOLDER}/roles.yml"), ROLES)
        .with_file(format!("{FOLDER}/users"), USERS)
        .with_file(format!("{FOLDER}/users_roles"), "makes:maker\nowns:owner\nreads:reader\n")
}

fn account(user: &str, password: &str) -> ElasticConfig {
    let mut config = config("secure");
    config.user = Some(user.to_owned());
    config.password = Some(Secret::new(password));
    config.create_index = user == "maker";
    config
}

pub(crate) async fn accounts() -> Result<()> {
    let server = Server::own(ServerKind::Elasticsearch, settings(""))?;
    ElasticBackend::connect(server.url(), account("maker", "state-pass")).await?;
    let owner = ElasticBackend::connect(server.url(), account("owner", "state-pass")).await?;
    let owner: Arc<dyn Backend> = Arc::new(owner);
    let mut claimed = Owner::claim(&owner, &task(0)).await?;
    claimed.put(MAP, &model("value")).await?;
    ensure!(all(claimed.reader(), MAP).await? == model("value"));
    ensure!(owner.tasks(&task(0).application).await?.len() == 1);
    owner.destroy(&task(0)).await?;

    let mut claimed = Owner::claim(&owner, &task(1)).await?;
    claimed.put(MAP, &model("value")).await?;
    let wrong = ElasticBackend::connect(server.url(), account("owner", "hunter2")).await;
    let error = refused(wrong)?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "a wrong password: {error:?}");
    ensure!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = refused(ElasticBackend::connect(server.url(), config("secure")).await)?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "no password: {error:?}");
    let mut by_key = config("secure");
    by_key.api_key = Some(Secret::new("aHVudGVyOjI="));
    let error = refused(ElasticBackend::connect(server.url(), by_key).await)?;
    ensure!(error.kind() == ErrorKind::Unauthenticated, "a wrong key: {error:?}");
    let watcher = ElasticBackend::connect(server.url(), account("reader", "state-pass")).await?;
    let watcher: Arc<dyn Backend> = Arc::new(watcher);
    let reader = watcher.read(&task(1)).await?;
    ensure!(all(&*reader, MAP).await? == model("value"), "a reader scans");
    let values = reader.get_many(&[(MAP, key("key"))]).await?;
    ensure!(values == [Some(key("value"))], "a reader gets: {values:?}");
    let searcher = reader.searcher().context("a backend that searches")?;
    let limit = PageLimit::default();
    let found = searcher.search(MAP.store, &Query::all(), None, limit).await?;
    ensure!(found.entries.len() == 1 && found.sequence == 1, "a reader searches: {found:?}");
    ensure!(watcher.tasks(&task(1).application).await?.len() == 1, "a reader lists");
    let error = Owner::claim(&watcher, &task(1)).await.err();
    let error = error.and_then(|error| error.downcast::<Error>().ok());
    let kind = error.as_ref().map(Error::kind);
    ensure!(kind == Some(ErrorKind::PermissionDenied), "a claim without rights: {error:?}");
    let other = refused(
        ElasticBackend::connect(server.url(), {
            let mut other = account("owner", "state-pass");
            "elsewhere".clone_into(&mut other.namespace);
            other
        })
        .await,
    )?;
    ensure!(other.kind() == ErrorKind::PermissionDenied, "indices of others: {other:?}");
    Ok(())
}

pub(crate) async fn encrypted() -> Result<()> {
    let certificates = Certificates::new()?;
    let mut settings = settings(TLS).encrypted();
    for name in ["server.key", "server.pem", "ca.pem"] {
        let file = std::fs::read(certificates.file(name))?;
        settings = settings.with_file(format!("{FOLDER}/{name}"), file);
    }
    let server = Server::own(ServerKind::Elasticsearch, settings)?;
    let url = format!("elasticsearch+https://{}", server.address()?);
    let mut trusted = account("maker", "state-pass");
    trusted.tls_ca = Some(certificates.file("ca.pem"));
    trusted.tls_certificate = Some(certificates.file("client.pem"));
    trusted.tls_key = Some(certificates.file("client.key"));
    let start = Instant::now();
    loop {
        match ElasticBackend::connect(&url, trusted.clone()).await {
            Err(error)
                if start.elapsed() < PATIENCE
                    && matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) => {}
            connected => {
                drop(connected?);
                break;
            }
        }
    }
    (trusted.user, trusted.create_index) = (Some("owner".to_owned()), false);
    let owner = ElasticBackend::connect(&url, trusted.clone()).await?;
    let owner: Arc<dyn Backend> = Arc::new(owner);
    let mut claimed = Owner::claim(&owner, &task(0)).await?;
    claimed.put(MAP, &model("value")).await?;
    ensure!(all(claimed.reader(), MAP).await? == model("value"));

    let mut unknown = trusted.clone();
    unknown.tls_ca = None;
    let mut anonymous = trusted.clone();
    (anonymous.tls_certificate, anonymous.tls_key) = (None, None);
    for (what, config) in [("an unknown authority", unknown), ("no certificate", anonymous)] {
        let error = refused(ElasticBackend::connect(&url, config).await)?;
        ensure!(error.kind() == ErrorKind::Config, "{what}: {error:?}");
    }
    Ok(())
}
