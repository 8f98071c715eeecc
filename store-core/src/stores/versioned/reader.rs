//! Reading versions.

use std::borrow::Borrow;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{
    ReadOnlyVersionedKeyValueStore, VersionedRecord,
    chain::{Chain, Superseded},
    definition::Store,
    history::History,
};
use crate::{
    Error, ErrorKind, Result,
    backend::Order,
    codec::{Codec, Key},
    maps::ReadMaps,
};

impl<M, K, V, C> Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync,
    K: Key,
    V: Send,
    C: Codec<V>,
{
    /// The versions of an encoded key.
    pub(super) fn chain(&self, key: Bytes) -> Chain {
        Chain { maps: self.read().clone(), retention: self.settings, key }
    }

    /// The version of an encoded key that was valid at a time.
    pub(super) async fn valid_at(
        &self,
        key: Bytes,
        time: i64,
    ) -> Result<Option<VersionedRecord<V>>> {
        let chain = self.chain(key);
        let latest = match chain.latest().await? {
            Some((from, value)) if from <= time => {
                let value = self.decode(value)?;
                return Ok(Some(VersionedRecord { value, time: from, valid_to: None }));
            }
            latest => latest.map(|(from, _)| from),
        };
        // After the latest version, so that the segment is known of one that is superseded in between.
        let timeline = self.read().timeline().await?;
        if !self.settings.is_live(time, timeline.stream_time) {
            return Ok(None);
        }
        match chain.superseded_at(&timeline, time, latest).await? {
            Some(Superseded { version, valid_to }) => {
                let record = |value| {
                    let (time, valid_to) = (version.time, Some(valid_to));
                    Ok(VersionedRecord { value: self.decode(value)?, time, valid_to })
                };
                version.value.map(record).transpose()
            }
            None => Ok(None),
        }
    }
}

#[async_trait]
impl<M, K, V, C> ReadOnlyVersionedKeyValueStore<K, V> for Store<M, K, V, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn get(&self, key: &K) -> Result<Option<VersionedRecord<V>>> {
        let get = async {
            let latest = self.chain(self.key(key)?).latest().await?;
            let record = |(time, value)| {
                Ok(VersionedRecord { value: self.decode(value)?, time, valid_to: None })
            };
            latest.map(record).transpose()
        };
        self.run(get).await
    }

    async fn get_as_of(&self, key: &K, as_of: i64) -> Result<Option<VersionedRecord<V>>> {
        self.run(async { self.valid_at(self.key(key)?, as_of).await }).await
    }

    fn history(
        &self,
        key: &K,
        from: i64,
        to: i64,
        order: Order,
    ) -> BoxStream<'static, Result<VersionedRecord<V>>> {
        if from >= to {
            let message = format!("a history must end after it begins, not from {from} to {to} ms");
            return self.failed(Error::new(ErrorKind::InvalidArgument, message));
        }
        let chain = match self.key(key) {
            Ok(key) => self.chain(key),
            Err(error) => return self.failed(error),
        };
        let versions = stream::once(History::open(chain, from, to, order)).try_flatten();
        self.decoded(versions.boxed(), |codec, (time, valid_to, value)| {
            Ok(VersionedRecord { value: codec.decode(value)?, time, valid_to })
        })
    }
}
