//! Ids, keys and values at the limits of the server.

use std::sync::Arc;

use anyhow::{Result, ensure};
use integration_tests::servers::Server;
use store_conformance::waist::{MAP, Model, Owner, all, deletes, key, puts, task};
use store_core::{Database, EngineConfig, ErrorKind, backend::TaskId, prelude::*};

use super::{ask, backend};

/// An id of more than 512 bytes would end the whole request: such keys have hashes.
pub(crate) async fn ids_at_their_limit_and_above(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_ids").await?;
    // With a name of this length one of the ids has 512 bytes, and the next would have 514.
    let mut owner = Owner::claim(&backend, &TaskId::new("apps", 0)?).await?;
    let entries: Model = (360..390).map(|length| (key(vec![b'k'; length]), key("value"))).collect();
    owner.put(MAP, &entries).await?;
    ensure!(all(owner.reader(), MAP).await? == entries);
    let keys: Vec<_> = entries.keys().map(|key| (MAP, key.clone())).collect();
    let values = owner.reader().get_many(&keys).await?;
    ensure!(values.iter().flatten().count() == entries.len(), "by their ids");
    ask(&server, "POST", "/elastic_ids-data/_refresh", "")?;
    let query = r#"{"size": 100, "_source": false}"#;
    let said = ask(&server, "POST", "/elastic_ids-data/_search", query)?;
    let said: serde_json::Value = serde_json::from_str(&said)?;
    let hits = said["hits"]["hits"].as_array().into_iter().flatten();
    let ids: Vec<_> = hits.filter_map(|hit| hit["_id"].as_str()).map(str::to_owned).collect();
    ensure!(ids.len() == entries.len(), "{} ids", ids.len());
    let hashed = ids.iter().filter(|id| id.contains(":h")).count();
    ensure!(hashed > 0 && hashed < ids.len(), "{hashed} of {} are hashed", ids.len());
    let longest = ids.iter().map(String::len).max().unwrap_or_default();
    ensure!(longest == 512, "the longest has {longest} bytes");
    let commit = owner.next(deletes(MAP, entries.into_keys()));
    owner.send(&commit).await?;
    ensure!(all(owner.reader(), MAP).await?.is_empty());
    Ok(())
}

pub(crate) async fn keys_at_their_limit_and_above(server: Arc<Server>) -> Result<()> {
    static TEXTS: KeyValue<String, Vec<u8>> = KeyValue::new("texts");
    let mut engine = EngineConfig::default();
    engine.native_limits = true;
    let backend = backend(&server, "elastic_tests.limits").await?;
    let mut owner = Owner::claim(&backend, &task(1)).await?;
    let longest = owner.reader().capabilities().max_key_bytes;
    ensure!(longest == 24_574, "{longest}");
    let entries: Model =
        [(key(vec![0xff; longest]), key("high")), (key(vec![0; longest]), key("low"))].into();
    owner.put(MAP, &entries).await?;
    ensure!(all(owner.reader(), MAP).await? == entries);
    let database = Database::with(backend, engine)?;
    let task = database.task("app", 0).store(&TEXTS).open().await?;
    let texts = task.store(&TEXTS)?;
    let kind = |result: store_core::Result<()>| result.err().map(|error| error.kind());
    let long = "k".repeat(longest + 1);
    ensure!(kind(texts.put(&long, &vec![1]).await) == Some(ErrorKind::TooLarge), "one above");
    let large = vec![0; 13 << 20];
    ensure!(kind(texts.put(&"k".to_owned(), &large).await) == Some(ErrorKind::TooLarge));
    Ok(())
}

/// Values that together are more than one answer may bring.
pub(crate) async fn large_values_come_in_parts(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_tests.large").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let number = |n: u8| key([n]);
    let large = |n: u8| key(vec![n; 8 << 20]);
    for n in 0..12 {
        owner.put(MAP, &[(number(n), large(n))].into()).await?;
    }
    let reader = backend.read(&task(0)).await?;
    let keys: Vec<_> = (0..12).map(|n| (MAP, number(n))).collect();
    let values = reader.get_many(&keys).await?;
    for (n, value) in (0..).zip(values) {
        ensure!(value == Some(large(n)), "value {n}");
    }
    ensure!(all(&*reader, MAP).await?.len() == 12);
    Ok(())
}

/// A commit that was decided and not applied is finished by whoever claims the task, and read until then, however large the
/// chunks of its log are together.
pub(crate) async fn a_log_of_large_values_is_read_in_parts(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_tests.large_log").await?;
    let owner = Owner::claim(&backend, &task(0)).await?;
    let entries: Model = (0..7).map(|n| (key([n]), key(vec![n; 8 << 20]))).collect();
    owner.claim.writer.commit(&owner.next(puts(MAP, &entries))).await?;
    let reader = backend.read(&task(0)).await?;
    ensure!(all(&*reader, MAP).await? == entries, "of the log");
    let next = Owner::claim(&backend, &task(0)).await?;
    ensure!(next.checkpoint.sequence == 1, "it counts");
    ensure!(all(next.reader(), MAP).await? == entries, "of the data");
    Ok(())
}

/// A scan that has met many small values asks for many entries, and goes on where those are too many.
pub(crate) async fn large_values_come_after_many_small_ones(server: Arc<Server>) -> Result<()> {
    let backend = backend(&server, "elastic_tests.small_and_large").await?;
    let mut owner = Owner::claim(&backend, &task(0)).await?;
    let number = |n: u32| key(n.to_be_bytes());
    let small: Model = (0..2000).map(|n| (number(n), key("small"))).collect();
    owner.put(MAP, &small).await?;
    let mut expected = small;
    for first in (2000..2200).step_by(20) {
        let large: Model = (first..first + 20)
            .map(|n| (number(n), key(vec![u8::try_from(n % 251).unwrap_or_default(); 1 << 20])))
            .collect();
        owner.put(MAP, &large).await?;
        expected.extend(large);
    }
    let reader = backend.read(&task(0)).await?;
    // The second time it begins with what it knows of the large ones.
    for _ in 0..2 {
        ensure!(all(&*reader, MAP).await? == expected);
    }
    Ok(())
}
