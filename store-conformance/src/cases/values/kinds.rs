//! One key and one value in a store of each kind.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use store_core::{Task, codec::Raw, prelude::*};

use crate::{Context, cases::key_value::tools::bytes};

const LONG: Duration = Duration::from_secs(1);
static PLAIN: KeyValue<Bytes, Bytes, Raw> = KeyValue::new("plain").values(Raw);
static TIMES: TimestampedKeyValue<Bytes, Bytes, Raw> =
    TimestampedKeyValue::new("times").values(Raw);
static WINDOWS: Window<Bytes, Bytes, Raw> = Window::new("windows", LONG, LONG).values(Raw);
static JOINED: Window<Bytes, Bytes, Raw> =
    Window::new("joined", LONG, LONG).duplicates().values(Raw);
static SESSIONS: Session<Bytes, Bytes, Raw> = Session::new("sessions", LONG).values(Raw);
static VERSIONS: VersionedKeyValue<Bytes, Bytes, Raw> =
    VersionedKeyValue::new("versions", LONG).values(Raw);

/// A store of each kind, in one task.
pub(crate) struct Kinds {
    task: Task,
    plain: Arc<dyn KeyValueStore<Bytes, Bytes>>,
    times: Arc<dyn TimestampedKeyValueStore<Bytes, Bytes>>,
    windows: Arc<dyn WindowStore<Bytes, Bytes>>,
    joined: Arc<dyn WindowStore<Bytes, Bytes>>,
    sessions: Arc<dyn SessionStore<Bytes, Bytes>>,
    versions: Arc<dyn VersionedKeyValueStore<Bytes, Bytes>>,
}

impl Kinds {
    pub(crate) async fn open(context: &Context) -> Result<Self> {
        let task = context.task().await?.store(&PLAIN).store(&TIMES).store(&WINDOWS);
        let task = task.store(&JOINED).store(&SESSIONS).store(&VERSIONS).open().await?;
        Ok(Self {
            plain: task.store(&PLAIN)?,
            times: task.store(&TIMES)?,
            windows: task.store(&WINDOWS)?,
            joined: task.store(&JOINED)?,
            sessions: task.store(&SESSIONS)?,
            versions: task.store(&VERSIONS)?,
            task,
        })
    }

    /// Writes an entry with every kind, a later version of it, too.
    async fn write(&self, key: &Bytes, value: &Bytes) -> [store_core::Result<()>; 7] {
        [
            self.plain.put(key, value).await,
            self.times.put(key, &Timestamped::new(value.clone(), 1)).await,
            self.windows.put(key, 1, Some(value)).await.map(drop),
            self.joined.put(key, 1, Some(value)).await.map(drop),
            self.sessions.put(key, SessionWindow::new(0, 1), Some(value)).await.map(drop),
            self.versions.put(key, Some(value), 1).await.map(drop),
            self.versions.put(key, Some(value), 2).await.map(drop),
        ]
    }

    /// Whether every kind takes an entry and gives it back once it is committed.
    pub(crate) async fn take(&self, key: &Bytes, value: &Bytes) -> Result<()> {
        for (n, written) in self.write(key, value).await.into_iter().enumerate() {
            written.with_context(|| format!("write {n}"))?;
        }
        self.task.commit(()).await?;
        self.has(key, value).await
    }

    /// Whether every kind has an entry.
    pub(crate) async fn has(&self, key: &Bytes, value: &Bytes) -> Result<()> {
        let found = [
            self.plain.get(key).await?,
            self.times.get(key).await?.map(|found| found.value),
            self.windows.get(key, 1).await?,
            self.joined.get(key, 1).await?,
            self.sessions.get(key, SessionWindow::new(0, 1)).await?,
            self.versions.get(key).await?.map(|found| found.value),
            self.versions.get_as_of(key, 1).await?.map(|found| found.value),
        ];
        for (n, found) in found.iter().enumerate() {
            ensure!(found.as_ref() == Some(value), "read {n}");
        }
        Ok(())
    }

    /// Whether every kind says that this key or value is too large, and by how much, and keeps what it has.
    pub(crate) async fn refuse(&self, key: &Bytes, value: &Bytes, said: &str) -> Result<()> {
        for (n, written) in self.write(key, value).await.into_iter().enumerate() {
            let Err(error) = written else { anyhow::bail!("write {n} was taken") };
            let (kind, message) = (error.kind(), error.to_string());
            ensure!(kind == ErrorKind::TooLarge && message.contains(said), "{n}: {message}");
        }
        ensure!(self.task.buffered_bytes() == 0, "a refused write left something");
        self.take(&bytes("afterwards"), &bytes("v")).await
    }
}
