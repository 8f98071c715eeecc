//! How servers are reached, and what is said where they are not.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use integration_tests::{Certificates, RedisServer};
use store_conformance::waist::{MAP, Owner, all, kind, puts, task};
use store_core::{
    Effect, Error, ErrorKind, Secret,
    backend::{Backend, OwnerId},
};
use store_redis::{RedisBackend, RedisConfig};

use super::keys::{backend, model, raw};

async fn refusal(url: &str, config: RedisConfig) -> Result<Error> {
    RedisBackend::connect(url, config).await.err().context("it connects")
}

async fn works(url: &str, config: RedisConfig) -> Result<()> {
    let backend: Arc<dyn Backend> = Arc::new(RedisBackend::connect(url, config).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("x")).await?;
    ensure!(all(owner.reader(), MAP).await? == model("x"));
    Ok(())
}

fn trusting(certificates: &Certificates) -> RedisConfig {
    let mut config = RedisConfig::default();
    config.tls_ca = Some(certificates.file("ca.pem"));
    config
}

pub(crate) async fn tls_is_spoken_and_never_left_out(plain: RedisServer) -> Result<()> {
    let certificates = Certificates::new()?;
    let server = RedisServer::tls(&certificates, false, &[])?;
    works(server.url(), trusting(&certificates)).await?;
    let others = Certificates::new()?;
    let strange = trusting(&others);
    let tls_to_plain = plain.url().replace("redis://", "rediss://");
    let plain_to_tls = server.url().replace("rediss://", "redis://");
    for (url, config, hint) in [
        (server.url(), strange, "tls_ca"),
        (server.url(), RedisConfig::default(), "tls_ca"),
        (&tls_to_plain, trusting(&certificates), "does not speak TLS"),
        (&plain_to_tls, RedisConfig::default(), "rediss://"),
        (&plain_to_tls, trusting(&certificates), "need TLS"),
    ] {
        let error = refusal(url, config).await?;
        ensure!(error.to_string().contains(hint), "{hint}: {error:?}");
        // A server that waits for the rest of a command, and one that hangs up, say no more.
        let kinds = match hint {
            "does not speak TLS" => [ErrorKind::Config, ErrorKind::Timeout],
            "rediss://" => [ErrorKind::Config, ErrorKind::Unavailable],
            _ => [ErrorKind::Config; 2],
        };
        ensure!(kinds.contains(&error.kind()), "{error:?}");
    }
    works(plain.url(), RedisConfig::default()).await
}

pub(crate) async fn a_client_certificate_is_shown(_: RedisServer) -> Result<()> {
    let certificates = Certificates::new()?;
    let server = RedisServer::tls(&certificates, true, &[])?;
    let mut config = trusting(&certificates);
    let error = refusal(server.url(), config.clone()).await?;
    // The server ends the line after the handshake, before or after our first request.
    ensure!([ErrorKind::Config, ErrorKind::Unavailable].contains(&error.kind()), "{error:?}");
    ensure!(error.to_string().contains("tls_certificate"), "{error:?}");
    config.tls_certificate = Some(certificates.file("client.pem"));
    ensure!(refusal(server.url(), config.clone()).await?.to_string().contains("belong together"));
    config.tls_key = Some(certificates.file("client.key"));
    works(server.url(), config.clone()).await?;
    config.tls_ca = Some("/not/there".into());
    ensure!(refusal(server.url(), config).await?.to_string().contains("/not/there"));
    Ok(())
}

pub(crate) async fn a_socket_is_as_good_as_a_port(server: RedisServer) -> Result<()> {
    works(&format!("redis+unix://{}", server.socket()?.display()), RedisConfig::default()).await?;
    let error = refusal("redis+unix:///not/there", RedisConfig::default()).await?;
    ensure!(error.kind() == ErrorKind::Unavailable, "{error:?}");
    Ok(())
}

pub(crate) async fn secrets_come_from_their_places(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let mut user = redis::cmd("ACL");
    let may = ["on", ">hunter2", "~*", "+@all"];
    let _: () = user.arg("SETUSER").arg("some").arg(&may).query_async(&mut raw).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n")?;
    let with = |login: &str| server.url().replace("redis://", &format!("redis://{login}@"));
    works(&with("some:hunter2"), RedisConfig::default()).await?;
    works(&with(&format!("some:file:{}", file.display())), RedisConfig::default()).await?;
    let mut config = RedisConfig::default();
    config.user = Some("some".to_owned());
    config.password = Some(Secret::new("hunter2"));
    works(server.url(), config.clone()).await?;
    ensure!(!format!("{config:?}").contains("hunter2"));
    for (login, expected) in [
        ("some:wrong-secret", ErrorKind::Unauthenticated),
        ("other:wrong-secret", ErrorKind::Unauthenticated),
        ("some:env:NOT_SET_AT_ALL", ErrorKind::Config),
        ("some:file:/not/there", ErrorKind::Config),
    ] {
        let error = refusal(&with(login), RedisConfig::default()).await?;
        ensure!(error.kind() == expected, "{login}: {error:?}");
        ensure!(!format!("{error:?}").contains("wrong-secret"), "{error:?}");
    }
    Ok(())
}

pub(crate) async fn a_name_that_does_not_resolve(_: RedisServer) -> Result<()> {
    for url in ["redis://no-such-host.invalid", "redis+cluster://no-such-host.invalid,nor.invalid"]
    {
        let error = refusal(url, RedisConfig::default()).await?;
        ensure!(error.kind() == ErrorKind::Unavailable && error.is_retryable(), "{error:?}");
    }
    Ok(())
}

pub(crate) async fn a_number_without_a_database(server: RedisServer) -> Result<()> {
    works(&format!("{}/1", server.url().trim_end_matches('/')), RedisConfig::default()).await?;
    ensure!(backend(&server).await?.tasks(&task(0).application).await?.is_empty(), "it is in 1");
    let error =
        refusal(&format!("{}/99999", server.url().trim_end_matches('/')), RedisConfig::default())
            .await?;
    ensure!(error.kind() == ErrorKind::Config, "{error:?}");
    ensure!(error.to_string().contains("database of this number"), "{error}");
    Ok(())
}

pub(crate) async fn a_server_that_hangs(server: RedisServer) -> Result<()> {
    let mut config = RedisConfig::default();
    (config.timeout_ms, config.connect_timeout_ms) = (500, 500);
    let backend: Arc<dyn Backend> =
        Arc::new(RedisBackend::connect(server.url(), config.clone()).await?);
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    server.hold(true)?;
    let commit = owner.next(puts(MAP, &model("2")));
    let error = owner.send(&commit).await.err().context("it answers")?;
    ensure!((error.kind(), error.effect()) == (ErrorKind::Timeout, Effect::Unknown), "{error:?}");
    ensure!(kind(all_of(&owner).await) == Some(ErrorKind::Timeout));
    ensure!(
        kind(backend.claim(&task(1), OwnerId::random(), &[]).await) == Some(ErrorKind::Timeout)
    );
    let error = refusal(server.url(), config).await?;
    ensure!(error.kind() == ErrorKind::Timeout, "{error:?}");
    server.hold(false)?;
    super::send_at_last(&mut owner, &commit).await?;
    ensure!(owner.reader().checkpoint().await?.sequence == 2);
    ensure!(all(owner.reader(), MAP).await? == model("2"));
    Ok(())
}

async fn all_of(owner: &Owner) -> Result<u64, Error> {
    owner.reader().approximate_len(MAP).await
}

pub(crate) async fn a_replica_is_read_only(server: RedisServer) -> Result<()> {
    let primary = backend(&server).await?;
    let mut owner = Owner::claim(&primary, &task(0)).await?;
    owner.put(MAP, &model("1")).await?;
    let port = server.port()?.to_string();
    let replica = RedisServer::with(&["--replicaof", &format!("127.0.0.1 {port}")])?;
    let at_replica = backend(&replica).await?;
    let mut tries = 0;
    // Until it has what the primary has.
    let reader = loop {
        match at_replica.read(&task(0)).await {
            Err(error) if tries < 1000 => ensure!(error.kind() != ErrorKind::Config, "{error:?}"),
            found => break found?,
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    ensure!(all(&*reader, MAP).await? == model("1"));
    let error =
        at_replica.claim(&task(0), OwnerId::random(), &[]).await.err().context("claimed")?;
    ensure!(
        (error.kind(), error.effect()) == (ErrorKind::Unavailable, Effect::NotApplied),
        "{error:?}"
    );
    // An owner whose server became a replica.
    let mut raw = raw(&server).await?;
    let other = RedisServer::own()?;
    let mut follow = redis::cmd("REPLICAOF");
    let _: () = follow.arg("127.0.0.1").arg(other.port()?).query_async(&mut raw).await?;
    let error = owner.put(MAP, &model("2")).await.err().context("committed")?;
    ensure!(
        (error.kind(), error.effect()) == (ErrorKind::Unavailable, Effect::NotApplied),
        "{error:?}"
    );
    Ok(())
}
