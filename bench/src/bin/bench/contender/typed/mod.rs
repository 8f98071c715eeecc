//! The typed stores on any database.

mod load;
mod reads;
mod timed;
mod uncached;
mod updates;

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use store::{
    codec::Raw,
    prelude::*,
    stores::{session::SessionStore, versioned::VersionedKeyValueStore, window::WindowStore},
};

pub(crate) use self::uncached::Uncached;
use super::Contender;
use crate::{
    data::Data,
    row::Row,
    work::{Outcome, Work},
};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

static ENTRIES: KeyValue<u128, Bytes, Raw> = KeyValue::new("entries").values(Raw);
static WINDOWS: Window<u128, Bytes, Raw> = Window::new("windows", MINUTE, HOUR).values(Raw);
static SESSIONS: Session<u128, Bytes, Raw> = Session::new("sessions", HOUR).values(Raw);
static VERSIONS: VersionedKeyValue<u128, Bytes, Raw> =
    VersionedKeyValue::new("versions", HOUR).values(Raw);

/// The typed stores of one task.
pub(crate) struct Typed {
    task: Task,
    entries: Arc<dyn KeyValueStore<u128, Bytes>>,
    windows: Arc<dyn WindowStore<u128, Bytes>>,
    sessions: Arc<dyn SessionStore<u128, Bytes>>,
    versions: Arc<dyn VersionedKeyValueStore<u128, Bytes>>,
}

impl Typed {
    /// Opens a task of this name.
    pub(crate) async fn open(database: &Database, name: &str) -> Result<Self> {
        let task = database.task(name, 0);
        let task = task.store(&ENTRIES).store(&WINDOWS).store(&SESSIONS).store(&VERSIONS);
        let task = task.open().await?;
        Ok(Self {
            entries: task.store(&ENTRIES)?,
            windows: task.store(&WINDOWS)?,
            sessions: task.store(&SESSIONS)?,
            versions: task.store(&VERSIONS)?,
            task,
        })
    }
}

#[async_trait]
impl Contender for Typed {
    fn does(&self, _row: Row) -> bool {
        true
    }

    async fn load(&mut self, data: &Data, timed: bool) -> Result<()> {
        self.load_entries(data).await?;
        if timed { self.load_timed(data).await } else { Ok(()) }
    }

    async fn run(&mut self, work: &Work) -> Result<Outcome> {
        match work.row {
            Row::GetUniform | Row::GetZipf | Row::GetHot => self.get(work).await,
            Row::GetMissing => self.get_missing(work).await,
            Row::GetConcurrent => self.get_concurrent(work).await,
            Row::GetZipfConcurrent => {
                self.warm(work.warming()).await?;
                self.get_concurrent(work).await
            }
            Row::Range => self.range(work).await,
            Row::Scan => self.scan(work).await,
            Row::WindowFetch => self.window_fetch(work).await,
            Row::VersionedAsOf => self.versioned_as_of(work).await,
            Row::Put => self.put(work).await,
            Row::UpdateZipf => self.update(work).await,
            Row::UpdateConcurrent => self.update_concurrent(work, false).await,
            Row::UpdateUnits => self.update_concurrent(work, true).await,
            Row::UpdateUncommitted => self.update_buffered(work, false).await,
            Row::UpdateCommitting => self.update_buffered(work, true).await,
            Row::WindowPut => self.window_put(work).await,
            Row::SessionMerge | Row::SessionMergeHot => self.session_merge(work).await,
            Row::VersionedPut | Row::VersionedPutNew => self.versioned_put(work).await,
            Row::VersionedPutLate => self.versioned_put_late(work).await,
        }
    }
}
