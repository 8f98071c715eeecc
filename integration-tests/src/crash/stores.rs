//! The stores of the task, of every kind, and what a record does to them.

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt;
use store::{
    Database, Result, Task,
    prelude::{
        KeyValue, KeyValueStore, KeyValueStoreExt, Order, ReadOnlyKeyValueStore,
        ReadOnlySessionStore, ReadOnlySessionStoreExt, ReadOnlyVersionedKeyValueStore,
        ReadOnlyWindowStore, Session, SessionStore, SessionStoreExt, SessionWindow, Timestamped,
        TimestampedKeyValue, TimestampedKeyValueStore, VersionedKeyValue, VersionedKeyValueStore,
        Window, WindowStore, WindowStoreExt,
    },
};

use super::record::{Change, Record, Trail};

/// How long windows and sessions are kept, and how far back versions go, in milliseconds.
pub(super) const KEPT_MS: i64 = 300;
/// How long a window is, in milliseconds.
pub(super) const WINDOW_MS: i64 = 50;
/// How far apart events of one session may be, in milliseconds.
pub(super) const GAP_MS: i64 = 40;
/// How many records back is told whose commit they came with.
pub(super) const TAGS: i64 = 400;
/// Two keys that every record sets to the same.
pub(super) const TWINS: [&str; 2] = ["left", "right"];

const KEPT: Duration = Duration::from_millis(KEPT_MS.cast_unsigned());
const SEGMENT: Duration = Duration::from_millis(100);

static TRAILS: KeyValue<String, Trail> = KeyValue::new("trails");
static TWIN: KeyValue<String, i64> = KeyValue::new("twins");
static OWNERS: KeyValue<i64, String> = KeyValue::new("owners");
static STAMPED: TimestampedKeyValue<String, Trail> = TimestampedKeyValue::new("stamped");
static WINDOWS: Window<String, Trail> =
    Window::new("windows", Duration::from_millis(WINDOW_MS.cast_unsigned()), KEPT)
        .segments(SEGMENT);
static REPEATS: Window<String, i64> =
    Window::new("repeats", Duration::from_millis(WINDOW_MS.cast_unsigned()), KEPT)
        .segments(SEGMENT)
        .duplicates();
static SESSIONS: Session<String, Trail> = Session::new("sessions", KEPT).segments(SEGMENT);
static VERSIONS: VersionedKeyValue<String, Trail> =
    VersionedKeyValue::new("versions", KEPT).segments(SEGMENT);

/// The stores of a claimed task.
#[derive(Clone, Debug)]
pub(super) struct Stores {
    trails: Arc<dyn KeyValueStore<String, Trail>>,
    twins: Arc<dyn KeyValueStore<String, i64>>,
    owners: Arc<dyn KeyValueStore<i64, String>>,
    stamped: Arc<dyn TimestampedKeyValueStore<String, Trail>>,
    windows: Arc<dyn WindowStore<String, Trail>>,
    repeats: Arc<dyn WindowStore<String, i64>>,
    sessions: Arc<dyn SessionStore<String, Trail>>,
    versions: Arc<dyn VersionedKeyValueStore<String, Trail>>,
}

/// The same stores, as they are read.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    pub(super) trails: Arc<dyn ReadOnlyKeyValueStore<String, Trail>>,
    pub(super) twins: Arc<dyn ReadOnlyKeyValueStore<String, i64>>,
    pub(super) owners: Arc<dyn ReadOnlyKeyValueStore<i64, String>>,
    pub(super) stamped: Arc<dyn ReadOnlyKeyValueStore<String, Timestamped<Trail>>>,
    pub(super) windows: Arc<dyn ReadOnlyWindowStore<String, Trail>>,
    pub(super) repeats: Arc<dyn ReadOnlyWindowStore<String, i64>>,
    pub(super) sessions: Arc<dyn ReadOnlySessionStore<String, Trail>>,
    pub(super) versions: Arc<dyn ReadOnlyVersionedKeyValueStore<String, Trail>>,
}

/// Claims the task.
pub(super) async fn open(database: &Database, application: &str) -> Result<(Task, Stores)> {
    let task = database.task(application, 0);
    let task = task.store(&TRAILS).store(&TWIN).store(&OWNERS).store(&STAMPED);
    let task = task.store(&WINDOWS).store(&REPEATS).store(&SESSIONS).store(&VERSIONS);
    let task = task.open().await?;
    let stores = Stores {
        trails: task.store(&TRAILS)?,
        twins: task.store(&TWIN)?,
        owners: task.store(&OWNERS)?,
        stamped: task.store(&STAMPED)?,
        windows: task.store(&WINDOWS)?,
        repeats: task.store(&REPEATS)?,
        sessions: task.store(&SESSIONS)?,
        versions: task.store(&VERSIONS)?,
    };
    Ok((task, stores))
}

impl Stores {
    /// Does what the record says, as part of the commit that `tag` names.
    pub(super) async fn process(&self, record: &Record, tag: &str) -> Result<()> {
        let Record { position, key, time, change, .. } = record;
        let (position, time) = (*position, *time);
        for twin in TWINS {
            self.twins.update(&twin.to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
        }
        self.owners.put(&position, &tag.to_owned()).await?;
        if position >= TAGS {
            self.owners.delete(&(position - TAGS)).await?;
        }
        if record.changes(0) {
            self.plain(key, position, *change).await?;
        }
        if record.changes(1) {
            self.stamp(key, position, time, *change).await?;
        }
        if record.changes(2) {
            self.window(key, position, time, *change).await?;
        }
        if record.changes(3) {
            let value = (*change != Change::Delete).then_some(&position);
            self.repeats.put(key, window_of(time), value).await?;
        }
        if record.changes(4) {
            self.session(key, position, time, *change).await?;
        }
        if record.changes(5) {
            self.version(key, position, time, *change).await?;
        }
        Ok(())
    }

    async fn plain(&self, key: &String, position: i64, change: Change) -> Result<()> {
        match change {
            Change::Extend => {
                self.trails.update(key, |old| Some(old.unwrap_or_default().then(position))).await
            }
            Change::Replace => {
                let other = (format!("{key}-other"), Some(Trail::default().then(position)));
                self.trails.put_all(vec![(key.clone(), None), other]).await
            }
            Change::Delete => self.trails.delete(key).await.map(drop),
        }
    }

    /// Takes over what the key-value store has.
    async fn stamp(&self, key: &String, position: i64, time: i64, change: Change) -> Result<()> {
        match change {
            Change::Extend => {
                let seen = self.trails.get(key).await?.unwrap_or_default();
                self.stamped.put(key, &Timestamped::new(seen.then(position), time)).await
            }
            Change::Replace => {
                let new = Timestamped::new(Trail::default().then(position), time);
                self.stamped.put_if_absent(key, &new).await.map(drop)
            }
            Change::Delete => self.stamped.delete(key).await.map(drop),
        }
    }

    async fn window(&self, key: &String, position: i64, time: i64, change: Change) -> Result<()> {
        let start = window_of(time);
        let written = match change {
            Change::Extend => {
                let update = |old: Option<Trail>| Some(old.unwrap_or_default().then(position));
                self.windows.update(key, start, update).await
            }
            Change::Replace => {
                self.windows.put(key, start, Some(&Trail::default().then(position))).await
            }
            Change::Delete => self.windows.put(key, start, None).await,
        };
        written.map(drop)
    }

    async fn session(&self, key: &String, position: i64, time: i64, change: Change) -> Result<()> {
        let event = SessionWindow::new(time, time);
        match change {
            Change::Extend => {
                let merge = |found: Vec<(SessionWindow, Trail)>| {
                    Trail::joined(found.into_iter().map(|(_, trail)| trail)).then(position)
                };
                self.sessions.merge(key, event, GAP_MS, merge).await.map(drop)
            }
            Change::Replace => self
                .sessions
                .put(key, event, Some(&Trail::default().then(position)))
                .await
                .map(drop),
            Change::Delete => {
                let first = self.sessions.fetch(key, Order::Forward).try_next().await?;
                match first {
                    Some((session, _)) => self.sessions.remove(key, session).await,
                    None => Ok(()),
                }
            }
        }
    }

    async fn version(&self, key: &String, position: i64, time: i64, change: Change) -> Result<()> {
        match change {
            Change::Extend => {
                let latest = self.versions.get(key).await?;
                let trail = latest.map(|version| version.value).unwrap_or_default();
                self.versions.put(key, Some(&trail.then(position)), time).await.map(drop)
            }
            Change::Replace => self.versions.put(key, None, time).await.map(drop),
            Change::Delete => self.versions.delete(key, time).await.map(drop),
        }
    }

    pub(super) fn readers(&self) -> Readers {
        Readers {
            trails: self.trails.clone(),
            twins: self.twins.clone(),
            owners: self.owners.clone(),
            stamped: self.stamped.clone(),
            windows: self.windows.clone(),
            repeats: self.repeats.clone(),
            sessions: self.sessions.clone(),
            versions: self.versions.clone(),
        }
    }
}

impl Readers {
    /// The stores as somebody reads them who does not own the task. `NotFound` before the first commit.
    pub(super) async fn of(task: &store::ReadTask) -> Result<Self> {
        Ok(Self {
            trails: task.store(&TRAILS).await?,
            twins: task.store(&TWIN).await?,
            owners: task.store(&OWNERS).await?,
            stamped: task.store(&STAMPED).await?,
            windows: task.store(&WINDOWS).await?,
            repeats: task.store(&REPEATS).await?,
            sessions: task.store(&SESSIONS).await?,
            versions: task.store(&VERSIONS).await?,
        })
    }
}

/// The start of the window that a time lies in.
pub(super) const fn window_of(time: i64) -> i64 {
    time - time.rem_euclid(WINDOW_MS)
}
