//! Reading sessions.

use std::{borrow::Borrow, future::ready};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{
    ReadOnlySessionStore, SessionWindow,
    definition::Store,
    layout::{decode, encode, ending_from},
};
use crate::{
    Result,
    backend::Order,
    codec::{Codec, Key},
    event_time::Live,
    maps::ReadMaps,
};

/// The encoded user key, the session and the encoded value of a row.
type Entry = (Bytes, SessionWindow, Bytes);

impl<M, K, V, C> Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync,
    K: Key,
    V: Send,
    C: Codec<V>,
{
    /// The live rows that end at `earliest_end` or later and start at `latest_start` or earlier.
    pub(super) fn entries(
        &self,
        (from, to): (Option<Bytes>, Option<Bytes>),
        earliest_end: i64,
        latest_start: i64,
        order: Order,
    ) -> BoxStream<'static, Result<Entry>> {
        let (maps, retention) = (self.read().clone(), self.settings);
        let entries = async move {
            let Live { from: earliest_end, segments, .. } = maps
                .on_timeline(|timeline| timeline.seen(retention, earliest_end, i64::MAX, order))
                .await?;
            let range = ending_from(from.as_ref(), to.as_ref(), earliest_end)?;
            let within = move |(key, value): (Bytes, Bytes)| {
                let (key, session) = decode(&key)?;
                let within = earliest_end <= session.end && session.start <= latest_start;
                Ok(within.then_some((key, session, value)))
            };
            let entries = maps.scan_segments(segments, range, order);
            Ok(entries.try_filter_map(move |entry| ready(within(entry))))
        };
        stream::once(entries).try_flatten().boxed()
    }
}

#[async_trait]
impl<M, K, V, C> ReadOnlySessionStore<K, V> for Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn get(&self, key: &K, session: SessionWindow) -> Result<Option<V>> {
        let get = async {
            let key = self.key(key)?;
            if !self.read().is_live(self.settings, session.end).await? {
                return Ok(None);
            }
            let segment = Some(self.settings.segment(session.end));
            self.decode_option(self.read().get(segment, &encode(&key, session)?).await?)
        };
        self.run(get).await
    }

    fn find(
        &self,
        key: &K,
        earliest_end: i64,
        latest_start: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(SessionWindow, V)>> {
        let key = match self.key(key) {
            Ok(key) => key,
            Err(error) => return self.failed(error),
        };
        let one = (Some(key.clone()), Some(key));
        let entries = self.entries(one, earliest_end, latest_start, order);
        self.decoded(entries, |codec, (_, session, value)| Ok((session, codec.decode(value)?)))
    }

    fn find_keys(
        &self,
        from_key: Option<K>,
        to_key: Option<K>,
        earliest_end: i64,
        latest_start: i64,
        order: Order,
    ) -> BoxStream<'static, Result<(K, SessionWindow, V)>> {
        let bounds = match self.bounds(from_key, to_key) {
            Ok(Some(bounds)) => bounds,
            Ok(None) => return stream::empty().boxed(),
            Err(error) => return self.failed(error),
        };
        let entries = self.entries(bounds, earliest_end, latest_start, order);
        self.decoded(entries, |codec, (key, session, value)| {
            Ok((K::from_bytes(&key)?, session, codec.decode(value)?))
        })
    }
}
