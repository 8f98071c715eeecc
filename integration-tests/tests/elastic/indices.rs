//! Indices that are missing, are not ours, are removed, or take nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use integration_tests::servers::{Server, http};
use store_conformance::waist::{MAP, Owner, all, puts, task};
use store_core::{
    ErrorKind,
    backend::{Backend, IndexedField, OwnerId, StoreSpec},
    search::FieldType,
};
use store_elastic::ElasticBackend;
use tokio::time::sleep;

use super::{ask, backend, config, model, refused};

pub(crate) async fn missing_indices_are_made_or_told(server: Arc<Server>) -> Result<()> {
    let mut told = config("elastic_told");
    told.create_index = false;
    let error = refused(ElasticBackend::connect(server.url(), told.clone()).await)?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    let says = error.to_string();
    let mut lines = says.lines().skip(1);
    while let (Some(request), Some(body)) = (lines.next(), lines.next()) {
        let (method, path) = request.split_once(' ').context("a request")?;
        ask(&server, method, path, body)?;
    }
    ElasticBackend::connect(server.url(), told).await?;
    Ok(())
}

pub(crate) async fn many_make_the_indices_at_once(server: Arc<Server>) -> Result<()> {
    let made = (0..8).map(|partition| {
        let server = server.clone();
        tokio::spawn(async move {
            let backend = backend(&server, "elastic_at_once").await?;
            let mut owner = Owner::claim(&backend, &task(partition)).await?;
            owner.put(MAP, &model("first")).await?;
            ensure!(all(owner.reader(), MAP).await? == model("first"), "task {partition}");
            Ok(())
        })
    });
    for made in made.collect::<Vec<_>>() {
        made.await??;
    }
    Ok(())
}

pub(crate) async fn a_foreign_index_is_refused(server: Arc<Server>) -> Result<()> {
    // As a server makes it of itself when something is written.
    ask(&server, "PUT", "/elastic_theirs-data/_doc/1?refresh=true", r#"{"value": "text"}"#)?;
    let error = refused(backend(&server, "elastic_theirs").await.map_err(down))?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    ensure!(error.to_string().contains("elastic_theirs-data"), "{error}");
    let (status, _) = http(server.address()?, "GET", "/elastic_theirs-tasks", "")?;
    ensure!(status == 404, "nothing is made beside it");
    Ok(())
}

fn down(error: anyhow::Error) -> store_core::Error {
    error.downcast().expect("an error of the adapter")
}

pub(crate) async fn another_mapping_is_refused(server: Arc<Server>) -> Result<()> {
    let drift = backend(&server, "elastic_drift").await?;
    let short = r#"{"properties": {"fields": {"properties": {"code": {"type": "keyword", "ignore_above": 3}}}}}"#;
    ask(&server, "PUT", "/elastic_drift-data/_mapping", short)?;
    let mut spec = StoreSpec::new("store".parse()?, "key_value", "bytes", "raw");
    spec.fields = vec![IndexedField::new("code", FieldType::Text)];
    let error = refused(drift.claim(&task(0), OwnerId::random(), &[spec]).await)?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    ensure!(error.to_string().contains("\"ignore_above\":3"), "{error}");
    let more = r#"{"properties": {"theirs": {"type": "text"}}}"#;
    ask(&server, "PUT", "/elastic_drift-data/_mapping", more)?;
    let error = refused(backend(&server, "elastic_drift").await.map_err(down))?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    ensure!(error.to_string().contains("theirs must not be there"), "{error}");
    backend(&server, "elastic_loose").await?;
    ask(&server, "PUT", "/elastic_loose-data/_mapping", r#"{"dynamic": true}"#)?;
    let error = refused(backend(&server, "elastic_loose").await.map_err(down))?;
    ensure!(error.to_string().contains("dynamic is \"true\" and must be \"strict\""), "{error}");
    Ok(())
}

pub(crate) async fn an_index_that_is_removed_is_not_made_again(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_gone").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    ask(&server, "DELETE", "/elastic_gone-data-1", "")?;
    let error = refused(owner.put(MAP, &model("after")).await)?;
    ensure!(error.kind() == ErrorKind::NotFound, "{error:?}");
    let (status, said) = http(server.address()?, "GET", "/elastic_gone-data", "")?;
    ensure!(status == 404, "a write has made an index: {said}");
    Ok(())
}

/// Without one of the two indices there is no state that belongs together.
pub(crate) async fn half_of_the_indices_is_refused(server: Arc<Server>) -> Result<()> {
    for (lost, namespace) in [("data", "elastic_half1"), ("tasks", "elastic_half2")] {
        let whole = backend(&server, namespace).await?;
        Owner::claim(&whole, &task(0)).await?.put(MAP, &model("before")).await?;
        ask(&server, "DELETE", &format!("/{namespace}-{lost}-1"), "")?;
        let error = refused(backend(&server, namespace).await.map_err(down))?;
        ensure!(error.kind() == ErrorKind::SchemaMismatch, "{lost}: {error:?}");
        ensure!(error.to_string().contains(&format!("{namespace}-{lost} is missing")), "{error}");
        let (status, _) = http(server.address()?, "GET", &format!("/{namespace}-{lost}"), "")?;
        ensure!(status == 404, "{lost} was made again");
    }
    // As by a program that was killed between the two.
    backend(&server, "elastic_half3").await?;
    ask(&server, "DELETE", "/elastic_half3-tasks-1", "")?;
    let whole = backend(&server, "elastic_half3").await?;
    Ok(Owner::claim(&whole, &task(0)).await?.put(MAP, &model("first")).await?)
}

/// A block of people's, and the one that the server sets when a disk is nearly full.
pub(crate) async fn a_block_is_told(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_block").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    for (block, kind, value) in [
        ("write", ErrorKind::PermissionDenied, "one"),
        ("read_only_allow_delete", ErrorKind::OutOfSpace, "two"),
    ] {
        let set = |yes: &str| {
            let body = format!(r#"{{"index.blocks.{block}": {yes}}}"#);
            ask(&server, "PUT", "/elastic_block-*/_settings", &body)
        };
        set("true")?;
        let commit = owner.next(puts(MAP, &model(value)));
        let error = refused(owner.send(&commit).await)?;
        ensure!(error.kind() == kind, "{block}: {error:?}");
        set("null")?;
        owner.send(&commit).await?;
        ensure!(all(owner.reader(), MAP).await? == model(value));
    }
    Ok(())
}

/// The server itself finds that its disk is too full, and takes writes again when there is room.
pub(crate) async fn a_full_disk_is_told(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_full").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    owner.put(MAP, &model("before")).await?;
    let demand = |free: &str| {
        let disk = "cluster.routing.allocation.disk";
        let marks = ["low", "high", "flood_stage"]
            .map(|mark| format!(r#""{disk}.watermark.{mark}": "{free}""#))
            .join(", ");
        let body = format!(r#"{{"persistent": {{"{disk}.threshold_enabled": true, {marks}}}}}"#);
        ask(&server, "PUT", "/_cluster/settings", &body)
    };
    demand("1000tb")?;
    let (start, mut n) = (Instant::now(), 0);
    let (commit, error) = loop {
        let commit = owner.next(puts(MAP, &model(&format!("value {n}"))));
        match owner.send(&commit).await {
            Ok(()) => n += 1,
            Err(error) => break (commit, error),
        }
        ensure!(start.elapsed() < PATIENCE, "the server takes writes on a full disk");
        sleep(Duration::from_millis(500)).await;
    };
    demand("1kb")?;
    ensure!(error.kind() == ErrorKind::OutOfSpace, "{error:?}");
    while let Err(error) = owner.send(&commit).await {
        ensure!(error.kind() == ErrorKind::OutOfSpace, "{error:?}");
        ensure!(start.elapsed() < 2 * PATIENCE, "the server takes no writes again");
        sleep(Duration::from_millis(500)).await;
    }
    ensure!(all(owner.reader(), MAP).await? == model(&format!("value {n}")));
    ensure!(owner.reader().checkpoint().await?.sequence == n + 2, "each counts once");
    let none = r#"{"persistent": {"cluster.*": null}}"#;
    ask(&server, "PUT", "/_cluster/settings", none).map(drop)
}

/// How long the server may take to look at its disk.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn fields_have_one_type(server: Arc<Server>) -> Result<()> {
    let spec = |kind| -> Result<StoreSpec> {
        let mut spec = StoreSpec::new("store".parse()?, "key_value", "bytes", "raw");
        spec.fields = vec![IndexedField::new("delay.mean", kind)];
        Ok(spec)
    };
    let backend = backend(&server, "elastic_fields").await?;
    backend.claim(&task(0), OwnerId::random(), &[spec(FieldType::Float)?]).await?;
    backend.claim(&task(1), OwnerId::random(), &[spec(FieldType::Float)?]).await?;
    let other = backend.claim(&task(2), OwnerId::random(), &[spec(FieldType::Text)?]).await;
    let error = refused(other)?;
    ensure!(error.kind() == ErrorKind::SchemaMismatch, "{error:?}");
    ensure!(error.to_string().contains("delay.mean is {\"type\":\"double\"}"), "{error}");
    let mut told = config("elastic_fields");
    told.create_index = false;
    let backend = ElasticBackend::connect(server.url(), told).await?;
    let mut more = spec(FieldType::Float)?;
    more.fields.push(IndexedField::new("code", FieldType::Text));
    let (task, stores) = (task(3), [more]);
    let says = refused(backend.claim(&task, OwnerId::random(), &stores).await)?.to_string();
    let mut lines = says.lines().skip(1);
    let (request, body) = (lines.next().context("a request")?, lines.next().context("a body")?);
    let (method, path) = request.split_once(' ').context("a request")?;
    ask(&server, method, path, body)?;
    backend.claim(&task, OwnerId::random(), &stores).await?;
    Ok(())
}
