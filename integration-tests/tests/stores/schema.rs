//! Codecs and schemas that do not fit.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use integration_tests::Place;
use store::{codec::Raw, prelude::*};

static NUMBERS: KeyValue<String, u64> = KeyValue::new("s");
static TEXTS: KeyValue<String, String> = KeyValue::new("s");
static BYTES: KeyValue<String, Vec<u8>, Raw> = KeyValue::new("s").values(Raw);
static OTHER_KEYS: KeyValue<u64, u64> = KeyValue::new("s");
/// JSON has no maps with such keys.
static PAIRS: KeyValue<String, BTreeMap<(u8, u8), u8>> = KeyValue::new("s");

fn key() -> String {
    "k".to_owned()
}

pub(crate) async fn another_codec_is_refused(place: Place) -> Result<()> {
    let database = place.database().await?;
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    task.store(&NUMBERS)?.put(&key(), &7).await?;
    task.commit(()).await?;
    let refused = [
        database.task("app", 0).store(&BYTES).open().await.err(),
        database.task("app", 0).store(&OTHER_KEYS).open().await.err(),
        database.read("app", 0).await?.store(&BYTES).await.err(),
    ];
    for error in refused {
        let Some(error) = error else { anyhow::bail!("another codec was taken") };
        let message = error.to_string();
        ensure!(error.kind() == ErrorKind::SchemaMismatch, "{message}");
        ensure!(message.contains("was made with") && message.contains("opened with"), "{message}");
    }
    // Nobody was fenced by it, and nothing is lost.
    task.store(&NUMBERS)?.put(&key(), &8).await?;
    task.commit(()).await?;
    ensure!(task.store(&NUMBERS)?.get(&key()).await? == Some(8));
    Ok(())
}

pub(crate) async fn an_undecodable_value_stays(place: Place) -> Result<()> {
    let database = place.database().await?;
    let task = database.task("app", 0).store(&TEXTS).open().await?;
    task.store(&TEXTS)?.put(&key(), &"secret".to_owned()).await?;
    task.commit(()).await?;
    // The recorded codec is the same, the type is not.
    let task = database.task("app", 0).store(&NUMBERS).open().await?;
    let numbers = task.store(&NUMBERS)?;
    let refused = [
        numbers.get(&key()).await.err(),
        numbers.delete(&key()).await.err(),
        numbers.update(&key(), |n| n).await.err(),
        numbers.put_if_absent(&key(), &1).await.err(),
    ];
    for error in refused {
        let Some(error) = error else { anyhow::bail!("a text was read as a number") };
        ensure!(error.kind() == ErrorKind::Decode, "{error}");
        ensure!(!format!("{error:?}").contains("secret"), "a value shows: {error:?}");
    }
    task.commit(()).await?;
    let task = database.task("app", 0).store(&TEXTS).open().await?;
    ensure!(task.store(&TEXTS)?.get(&key()).await?.as_deref() == Some("secret"));
    Ok(())
}

pub(crate) async fn an_unencodable_value_writes_nothing(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&PAIRS).open().await?;
    let pairs = task.store(&PAIRS)?;
    pairs.put(&key(), &BTreeMap::new()).await?;
    let bad = BTreeMap::from([((1, 2), 3)]);
    let refused = [
        pairs.put(&key(), &bad).await.err(),
        pairs
            .put_all(vec![("other".to_owned(), Some(BTreeMap::new())), (key(), Some(bad.clone()))])
            .await
            .err(),
        pairs.update(&key(), |_| Some(bad)).await.err(),
    ];
    for error in refused {
        ensure!(error.map(|error| error.kind()) == Some(ErrorKind::Encode));
    }
    task.commit(()).await?;
    ensure!(pairs.get(&key()).await? == Some(BTreeMap::new()));
    ensure!(pairs.get(&"other".to_owned()).await?.is_none());
    Ok(())
}

pub(crate) async fn a_store_not_named_is_not_found(place: Place) -> Result<()> {
    let database = place.database().await?;
    let task = database.task("app", 0).open().await?;
    ensure!(task.store(&NUMBERS).err().map(|error| error.kind()) == Some(ErrorKind::NotFound));
    let read = database.read("app", 0).await?;
    ensure!(
        read.store(&NUMBERS).await.err().map(|error| error.kind()) == Some(ErrorKind::NotFound)
    );
    Ok(())
}
