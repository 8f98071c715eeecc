//! What a window store is called, how it is encoded and how long it remembers.

use std::{sync::Arc, time::Duration};

use super::{ReadOnlyWindowStore, WindowStore};
use crate::{
    Error, ErrorKind, Result,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
    event_time::Retention,
    maps::{Maps, ReadMaps},
    stores::{
        Definition, Kind,
        time::{self, Timed},
        typed::Typed,
    },
};

const SIZE: &str = "size_ms";
const DUPLICATES: &str = "retain_duplicates";

/// Names a window store, its types, the size of its windows and how long they are kept; values are JSON unless said
/// otherwise.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::{sync::Arc, time::Duration};
///
/// use store_core::{memory::MemoryBackend, prelude::*};
///
/// const MINUTE: Duration = Duration::from_secs(60);
/// static CLICKS: Window<String, u64> = Window::new("clicks", MINUTE, Duration::from_secs(3600));
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.task("shop", 0).store(&CLICKS).open().await?;
/// let clicks = task.store(&CLICKS)?;
/// let page = "/tea".to_owned();
/// clicks.update(&page, 60_000, |n| Some(n.unwrap_or(0) + 1)).await?;
/// assert_eq!(clicks.get(&page, 60_000).await?, Some(1));
/// // An hour later the first window is gone, and its late records are refused.
/// clicks.put(&page, 3_660_000, Some(&1)).await?;
/// assert_eq!(clicks.get(&page, 60_000).await?, None);
/// assert_eq!(clicks.put(&page, 60_000, Some(&2)).await?, Written::Late);
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
pub type Window<K, V, C = Json, N = &'static str> = Definition<WindowKind, K, V, C, N>;

/// The kind `window`.
pub type WindowKind = Timed<Windows>;

/// The settings of windows.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    size: Duration,
    duplicates: bool,
}

impl<K, V> Definition<WindowKind, K, V> {
    /// A store of windows of this size, kept for so long behind stream time.
    ///
    /// Both are whole milliseconds; the size is at least one, the retention at least the size: else opening the task is
    /// `InvalidArgument`.
    #[must_use]
    pub const fn new(name: &'static str, size: Duration, retention: Duration) -> Self {
        Self::of(Timed::new(Windows { size, duplicates: false }, retention), name)
    }
}

impl<K, V, C, N> Definition<WindowKind, K, V, C, N> {
    /// Keeps every value put to a window, as joins of streams need it.
    #[must_use]
    pub const fn duplicates(mut self) -> Self {
        self.kind.settings.duplicates = true;
        self
    }
}

impl<K, V, C> Kind<K, V, C> for WindowKind
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    const NAME: &'static str = "window";
    type Store = Arc<dyn WindowStore<K, V>>;
    type Reader = Arc<dyn ReadOnlyWindowStore<K, V>>;

    fn describe(&self, spec: &mut StoreSpec) -> Result<()> {
        let Windows { size, duplicates } = self.settings;
        let size_ms = time::positive(&spec.name, "window size", size)?;
        self.record(spec, Retention::exclusive)?;
        if self.retention < size {
            let message = format!(
                "store {} keeps windows of {:?} for {:?} only: keep them at least as long as they last",
                spec.name, size, self.retention
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        spec.properties.insert(SIZE.to_owned(), size_ms.to_string());
        spec.properties.insert(DUPLICATES.to_owned(), duplicates.to_string());
        Ok(())
    }

    fn open(maps: Maps, codec: C) -> Self::Store {
        Arc::new(Typed::new(Settings::of(maps.spec()), maps, codec))
    }

    fn reader(maps: ReadMaps, codec: C) -> Self::Reader {
        Arc::new(Typed::new(Settings::of(maps.spec()), maps, codec))
    }
}

/// The settings as they are recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) size_ms: i64,
    pub(super) duplicates: bool,
    pub(super) retention: Retention,
}

impl Settings {
    fn of(spec: &StoreSpec) -> Self {
        let property = |name| spec.properties.get(name).map(String::as_str);
        Self {
            // Recorded with every window store; the size only names the ends of windows.
            size_ms: property(SIZE).and_then(|size| size.parse().ok()).unwrap_or(0),
            duplicates: property(DUPLICATES) == Some("true"),
            retention: time::recorded(spec, Retention::exclusive),
        }
    }
}
