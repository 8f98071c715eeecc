//! Reading windows.

use std::{borrow::Borrow, future::ready};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{ReadOnlyWindowStore, Windowed, definition::Settings, layout::Place};
use crate::{
    Result,
    backend::{KeyRange, Order},
    codec::{Codec, Key},
    event_time::Live,
    maps::ReadMaps,
    stores::typed::Typed,
};

pub(super) type Store<M, K, V, C> = Typed<Settings, M, K, V, C>;

/// Ends of a range of encoded keys.
type Bounds = (Option<Bytes>, Option<Bytes>);

impl<M, K, V, C> Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync,
    K: Key,
    V: Send,
    C: Codec<V>,
{
    /// The value of an encoded key in a window that is live.
    pub(super) async fn find(&self, key: Bytes, start: i64) -> Result<Option<V>> {
        let Settings { retention, duplicates, .. } = self.settings;
        if !self.read().is_live(retention, start).await? {
            return Ok(None);
        }
        let segment = retention.segment(start);
        let value = if duplicates {
            let range = range(&(Some(key.clone()), Some(key)), start, start, true)?;
            let mut rows = self.read().scan_first(vec![segment], range, Order::Forward);
            let first = rows.try_next().await?;
            first.map(|(_, value)| value)
        } else {
            let place = Place { key, start, insertion: None }.encode()?;
            self.read().get(Some(segment), &place).await?
        };
        self.decode_option(value)
    }

    /// The live rows of a range of keys and times.
    fn entries(
        &self,
        bounds: Bounds,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(Place, Bytes)>> {
        let maps = self.read().clone();
        let Settings { retention, duplicates, .. } = self.settings;
        let entries = async move {
            let Live { from, segments, .. } =
                maps.on_timeline(|timeline| timeline.seen(retention, from, to, order)).await?;
            let range = range(&bounds, from, to, duplicates)?;
            let within = move |(key, value): (Bytes, Bytes)| {
                let place = Place::decode(&key, duplicates)?;
                let within = from <= place.start && place.start <= to;
                Ok(within.then_some((place, value)))
            };
            let entries = maps.scan_segments(segments, range, order);
            Ok(entries.try_filter_map(move |entry| ready(within(entry))))
        };
        stream::once(entries).try_flatten().boxed()
    }
}

/// The narrowest range of stored keys that holds these keys and times; between two keys it holds other times, too.
fn range((from_key, to_key): &Bounds, from: i64, to: i64, duplicates: bool) -> Result<KeyRange> {
    let end = |key: &Option<Bytes>, start, insertion| {
        let place = |key: &Bytes| {
            let insertion = duplicates.then_some(insertion);
            Place { key: key.clone(), start, insertion }.encode()
        };
        key.as_ref().map(place).transpose()
    };
    Ok(KeyRange::inclusive(end(from_key, from, 0)?, end(to_key, to, u64::MAX)?))
}

#[async_trait]
impl<M, K, V, C> ReadOnlyWindowStore<K, V> for Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    fn size_ms(&self) -> i64 {
        self.settings.size_ms
    }

    async fn get(&self, key: &K, start: i64) -> Result<Option<V>> {
        self.run(async { self.find(self.key(key)?, start).await }).await
    }

    fn fetch(
        &self,
        key: &K,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(i64, V)>> {
        let key = match self.key(key) {
            Ok(key) => key,
            Err(error) => return self.failed(error),
        };
        let entries = self.entries((Some(key.clone()), Some(key)), from, to, order);
        self.decoded(entries, |codec, (place, value)| Ok((place.start, codec.decode(value)?)))
    }

    fn fetch_keys(
        &self,
        from_key: Option<K>,
        to_key: Option<K>,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(Windowed<K>, V)>> {
        let bounds = match self.bounds(from_key, to_key) {
            Ok(Some(bounds)) => bounds,
            Ok(None) => return stream::empty().boxed(),
            Err(error) => return self.failed(error),
        };
        let size_ms = self.settings.size_ms;
        let entries = self.entries(bounds, from, to, order);
        self.decoded(entries, move |codec, (Place { key, start, .. }, value)| {
            let (key, end) = (K::from_bytes(&key)?, start.saturating_add(size_ms));
            Ok((Windowed { key, start, end }, codec.decode(value)?))
        })
    }
}
