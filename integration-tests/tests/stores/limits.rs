//! Portable limits: at the limit and one above.

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use integration_tests::Place;
use store::{PORTABLE_KEY_BYTES, PORTABLE_VALUE_BYTES, codec::Raw, prelude::*};

use super::key_value::{RAW, bytes};

pub(crate) async fn keys_at_the_limit_and_one_above(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let (longest, above) =
        (bytes(vec![0xff; PORTABLE_KEY_BYTES]), bytes(vec![0xff; PORTABLE_KEY_BYTES + 1]));
    store.put(&longest, &bytes("v")).await?;
    task.commit(()).await?;
    ensure!(store.get(&longest).await? == Some(bytes("v")));
    let refusals = [
        store.put(&above, &bytes("v")).await.err(),
        store.get(&above).await.err(),
        store.delete(&above).await.err(),
        store.put_if_absent(&above, &bytes("v")).await.err(),
        store.update(&above, |_| Some(bytes("v"))).await.err(),
    ];
    for error in refusals {
        let error = error.map(|error| (error.kind(), error.to_string()));
        let Some((kind, message)) = error else { anyhow::bail!("a long key was taken") };
        ensure!(kind == ErrorKind::TooLarge && message.contains("8193"), "{message}");
    }
    task.commit(()).await?;
    ensure!(store.get(&longest).await? == Some(bytes("v")));
    Ok(())
}

pub(crate) async fn values_at_the_limit_and_one_above(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    let store = task.store(&RAW)?;
    let largest = bytes(vec![7; PORTABLE_VALUE_BYTES]);
    let above = bytes(vec![7; PORTABLE_VALUE_BYTES + 1]);
    store.put(&bytes("k"), &largest).await?;
    task.commit(()).await?;
    let error = store.put(&bytes("k"), &above).await.err().map(|error| error.kind());
    ensure!(error == Some(ErrorKind::TooLarge), "{error:?}");
    ensure!(store.get(&bytes("k")).await? == Some(largest.clone()), "the old value stays");
    task.commit(()).await?;
    drop((task, store));
    let task = place.database().await?.task("app", 0).store(&RAW).open().await?;
    ensure!(task.store(&RAW)?.get(&bytes("k")).await? == Some(largest));
    Ok(())
}

const LONG: Duration = Duration::from_secs(1);
static TIMES: TimestampedKeyValue<Bytes, Bytes, Raw> =
    TimestampedKeyValue::new("times").values(Raw);
static WINDOWS: Window<Bytes, Bytes, Raw> = Window::new("windows", LONG, LONG).values(Raw);
static JOINED: Window<Bytes, Bytes, Raw> =
    Window::new("joined", LONG, LONG).duplicates().values(Raw);
static SESSIONS: Session<Bytes, Bytes, Raw> = Session::new("sessions", LONG).values(Raw);
static VERSIONS: VersionedKeyValue<Bytes, Bytes, Raw> =
    VersionedKeyValue::new("versions", LONG).values(Raw);

/// What a layout adds to keys and values is not taken from the user.
pub(crate) async fn every_kind_takes_the_same_keys_and_values(place: Place) -> Result<()> {
    let task = place.database().await?.task("app", 0).store(&TIMES).store(&WINDOWS).store(&JOINED);
    let task = task.store(&SESSIONS).store(&VERSIONS).open().await?;
    let (times, windows, joined) =
        (task.store(&TIMES)?, task.store(&WINDOWS)?, task.store(&JOINED)?);
    let (sessions, versions) = (task.store(&SESSIONS)?, task.store(&VERSIONS)?);
    let at = SessionWindow::new(0, 1);
    let write = async |key: &Bytes, value: &Bytes| {
        [
            times.put(key, &Timestamped::new(value.clone(), 1)).await.err(),
            windows.put(key, 1, Some(value)).await.err(),
            joined.put(key, 1, Some(value)).await.err(),
            sessions.put(key, at, Some(value)).await.err(),
            versions.put(key, Some(value), 1).await.err(),
            versions.put(key, Some(value), 2).await.err(),
        ]
    };
    // A byte of zeros takes two where something stands behind it.
    let longest = bytes(vec![0; PORTABLE_KEY_BYTES]);
    let largest = bytes(vec![7; PORTABLE_VALUE_BYTES]);
    for (key, value) in [(&longest, &bytes("v")), (&bytes("k"), &largest)] {
        if let Some(error) = write(key, value).await.into_iter().flatten().next() {
            anyhow::bail!("refused at the limit: {error}");
        }
        task.commit(()).await?;
        ensure!(times.get(key).await?.is_some_and(|found| found.value == value));
        ensure!(windows.get(key, 1).await?.as_ref() == Some(value));
        ensure!(joined.get(key, 1).await?.as_ref() == Some(value));
        ensure!(sessions.get(key, at).await?.as_ref() == Some(value));
        ensure!(versions.get(key).await?.is_some_and(|found| found.value == value));
        ensure!(versions.get_as_of(key, 1).await?.is_some_and(|found| found.value == value));
    }
    let long = bytes(vec![0; PORTABLE_KEY_BYTES + 1]);
    let large = bytes(vec![7; PORTABLE_VALUE_BYTES + 1]);
    for (key, value, said) in [(&long, &bytes("v"), "8193"), (&bytes("k"), &large, "8388609")] {
        for error in write(key, value).await {
            let error = error.map(|error| (error.kind(), error.to_string()));
            let Some((kind, message)) = error else { anyhow::bail!("taken above the limit") };
            ensure!(kind == ErrorKind::TooLarge && message.contains(said), "{message}");
        }
    }
    ensure!(task.buffered_bytes() == 0, "a refused write left something");
    Ok(())
}
