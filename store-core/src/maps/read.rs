//! Reading the maps of a store.

use std::sync::Arc;

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture, stream::BoxStream};

use super::search;
use crate::{
    Error, Result,
    backend::{KeyRange, MapId, Order, Page, PageLimit, StoreSpec, TaskReader, ask},
    engine::Engine,
    event_time::{Live, Retention, Timeline, TimelineRef},
    paging::{self, Fetched, Together},
    search::Query,
};

#[derive(Clone, Debug)]
pub(super) enum Source {
    Owned(Arc<Engine>),
    Shared(Arc<dyn TaskReader>, PageLimit),
}

/// Reads the maps of one store: the owner's view with uncommitted writes, or a reader's view of what is committed.
///
/// A cheap clone.
#[derive(Clone, Debug)]
pub struct ReadMaps {
    pub(super) source: Source,
    pub(super) number: u32,
    pub(super) spec: Arc<StoreSpec>,
}

impl ReadMaps {
    pub(crate) fn shared(
        reader: Arc<dyn TaskReader>,
        page: PageLimit,
        number: u32,
        spec: StoreSpec,
    ) -> Self {
        Self { source: Source::Shared(reader, page), number, spec: Arc::new(spec) }
    }

    /// What the store is.
    #[must_use]
    pub fn spec(&self) -> &StoreSpec {
        &self.spec
    }

    /// Says which store an error comes from: for the operations of a store, once, where it leaves the store.
    #[must_use]
    pub fn named(&self, error: Error) -> Error {
        error.context(format_args!("store {}", self.spec.name))
    }

    const fn map(&self, segment: Option<i64>) -> MapId {
        MapId { store: self.number, segment }
    }

    /// The value of a key; `segment` is `None` for a store that is not cut by time.
    pub async fn get(&self, segment: Option<i64>, key: &Bytes) -> Result<Option<Bytes>> {
        match &self.source {
            Source::Owned(engine) => engine.get(self.map(segment), key).await,
            Source::Shared(reader, _) => {
                let found = ask(&**reader, &[(self.map(segment), key.clone())]).await?;
                Ok(found.into_iter().next().flatten())
            }
        }
    }

    /// The values of keys in the order asked, in at most one request to the backend.
    pub async fn get_many(&self, keys: Vec<(Option<i64>, Bytes)>) -> Result<Vec<Option<Bytes>>> {
        let keys = keys.into_iter().map(|(segment, key)| (self.map(segment), key));
        let keys: Vec<_> = keys.collect();
        match &self.source {
            Source::Owned(engine) => engine.get_many(&keys).await,
            Source::Shared(..) if keys.is_empty() => Ok(Vec::new()),
            Source::Shared(reader, _) => ask(&**reader, &keys).await,
        }
    }

    /// The entries of one map in a range, in order and in bounded memory.
    ///
    /// The owner's scan sees the writes made before each of its pages was fetched.
    pub fn scan(
        &self,
        segment: Option<i64>,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        self.scan_pages(segment, range, order, self.page_limit())
    }

    /// The entries of a range in several maps, one map after the other, each as by [`scan`](Self::scan).
    pub fn scan_segments(
        &self,
        segments: Vec<i64>,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        self.scan_maps(segments, range, order, self.page_limit(), Together::Some)
    }

    /// As [`scan_segments`](Self::scan_segments), where no segment is asked for before the one in front of it is used up.
    pub(crate) fn scan_segments_in_turn(
        &self,
        segments: Vec<i64>,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        self.scan_maps(segments, range, order, self.page_limit(), Together::None)
    }

    /// As [`scan_segments`](Self::scan_segments), for who wants the first entry only: it is fetched in small pages.
    pub fn scan_first(
        &self,
        segments: Vec<i64>,
        range: KeyRange,
        order: Order,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        // More than one, since what is deleted in the buffers takes its place in a page, too.
        let limit = PageLimit::new(8, self.page_limit().bytes);
        self.scan_maps(segments, range, order, limit, Together::BehindTheFirst)
    }

    fn scan_maps(
        &self,
        segments: Vec<i64>,
        range: KeyRange,
        order: Order,
        limit: PageLimit,
        together: Together,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        let maps = segments.into_iter().map(|segment| self.map(Some(segment)));
        match &self.source {
            Source::Owned(engine) => engine.scan_maps(maps, range, order, limit, together),
            Source::Shared(reader, _) => {
                let starts = maps.map(move |map| (map, range.clone())).collect();
                let fetch = fetch(reader.clone(), order, limit);
                paging::one_after_the_other(starts, reader.local().is_none(), together, fetch)
            }
        }
    }

    fn scan_pages(
        &self,
        segment: Option<i64>,
        range: KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> BoxStream<'static, Result<(Bytes, Bytes)>> {
        let map = self.map(segment);
        match &self.source {
            Source::Owned(engine) => engine.scan(map, range, order, limit),
            Source::Shared(reader, _) => {
                let fetch = fetch(reader.clone(), order, limit);
                paging::entries((map, range), reader.local().is_none(), fetch)
            }
        }
    }

    fn page_limit(&self) -> PageLimit {
        match &self.source {
            Source::Owned(engine) => engine.page_limit(),
            Source::Shared(_, page) => *page,
        }
    }

    /// The entries of a store not cut by time that a query finds, and the commit up to which that is seen.
    ///
    /// - Sees what is committed, for the owner too. Each page is a search of its own.
    /// - `Unsupported` where the backend has no search, `InvalidArgument` for a query that does not suit the fields of
    ///   [`spec`](Self::spec).
    pub async fn search(
        &self,
        query: &Query,
    ) -> Result<(u64, BoxStream<'static, Result<(Bytes, Bytes)>>)> {
        let source = self.source.clone();
        search::search(source, self.number, &self.spec.fields, query, self.page_limit()).await
    }

    /// The number of committed entries of one map, exact where the backend's capabilities say so.
    pub async fn approximate_len(&self, segment: Option<i64>) -> Result<u64> {
        match &self.source {
            Source::Owned(engine) => {
                engine.check()?;
                engine.writer().approximate_len(self.map(segment)).await
            }
            Source::Shared(reader, _) => reader.approximate_len(self.map(segment)).await,
        }
    }

    /// The highest event time the store has seen, in milliseconds; none before the first.
    pub async fn stream_time(&self) -> Result<Option<i64>> {
        match &self.source {
            Source::Owned(engine) => engine.stream_time(self.number),
            Source::Shared(reader, _) => {
                let checkpoint = reader.checkpoint().await?;
                Ok(checkpoint.stores.get(&self.number).and_then(|store| store.stream_time))
            }
        }
    }

    /// Whether an event of this time is live by now.
    pub async fn is_live(&self, retention: Retention, time: i64) -> Result<bool> {
        Ok(retention.is_live(time, self.stream_time().await?))
    }

    /// Stream time and the segments that may hold entries, both of one moment.
    pub async fn timeline(&self) -> Result<Timeline> {
        match &self.source {
            Source::Owned(engine) => engine.timeline(self.number),
            Source::Shared(reader, _) => {
                let checkpoint = reader.checkpoint().await?;
                Ok(checkpoint.stores.get(&self.number).map(Timeline::from).unwrap_or_default())
            }
        }
    }

    /// The live part of the times from `from` to `to`, both inclusive, by now.
    pub async fn live(
        &self,
        retention: Retention,
        from: i64,
        to: i64,
        order: Order,
    ) -> Result<Live> {
        self.on_timeline(|timeline| timeline.live(retention, from, to, order)).await
    }

    /// What a look at the timeline tells by now.
    pub(crate) async fn on_timeline<T>(
        &self,
        look: impl FnOnce(TimelineRef<'_>) -> T + Send,
    ) -> Result<T> {
        match &self.source {
            Source::Owned(engine) => engine.on_timeline(self.number, look),
            Source::Shared(..) => Ok(look(self.timeline().await?.by_ref())),
        }
    }

    /// `TooLarge` for a user key above the limit; readers of others' tasks take any length.
    ///
    /// Backends take 20 KiB as they are stored: one such key, escaped, and some bytes beside it. A key of several parts that
    /// users choose is checked whole, so that it has the same limit on all of them.
    pub fn check_key(&self, key: &[u8]) -> Result<()> {
        match &self.source {
            Source::Owned(engine) => engine.check_key(key),
            Source::Shared(..) => Ok(()),
        }
    }
}

/// Where a page begins.
type Start = (MapId, KeyRange);

fn fetch(
    reader: Arc<dyn TaskReader>,
    order: Order,
    limit: PageLimit,
) -> impl Fn(Start) -> BoxFuture<'static, Result<Fetched<Start>>> + Clone + Send + Unpin + 'static {
    move |(map, range)| {
        let reader = reader.clone();
        let page = async move {
            if range.is_empty() {
                return Ok((Page::default(), None));
            }
            let mut page = reader.scan(map, &range, order, limit).await?;
            let rest = page.resume.take().map(|last| (map, range.after(last, order)));
            Ok((page, rest))
        };
        page.boxed()
    }
}
