//! Writing versions.

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    VersionedKeyValueStore, VersionedPut, VersionedRecord,
    chain::{Row, Superseded},
    definition::Store,
    layout::{At, Version},
};
use crate::{
    Result, Written,
    codec::{Codec, Key},
    maps::{KeyLock, Maps, Writes},
};

impl<K: Key, V: Send + Sync + 'static, C: Codec<V>> Store<Maps, K, V, C> {
    /// Puts a version of a locked key in its place.
    async fn place(&self, lock: &KeyLock, key: Bytes, version: Version) -> Result<VersionedPut> {
        let time = version.time;
        if self.is_late(time).await? {
            // Counted.
            return write(lock, Writes::new().at(time, self.settings), VersionedPut::Late).await;
        }
        let (writes, put) = match self.chain(key.clone()).latest().await? {
            Some((from, old)) if from <= time => {
                let old = Version { time: from, value: Some(old) };
                let superseded = (from < time).then_some(old);
                (self.latest(Writes::new(), superseded, &key, version)?, VersionedPut::Latest)
            }
            latest => self.place_before(&key, version, latest.map(|(from, _)| from)).await?,
        };
        write(lock, writes.at(time, self.settings), put).await
    }

    async fn is_late(&self, time: i64) -> Result<bool> {
        Ok(time < self.settings.live_from(self.maps.stream_time().await?))
    }

    /// Where the latest version begins later, or is a tombstone, or there is none.
    async fn place_before(
        &self,
        key: &Bytes,
        version: Version,
        latest: Option<i64>,
    ) -> Result<(Writes, VersionedPut)> {
        let (time, chain) = (version.time, self.chain(key.clone()));
        let timeline = self.maps.timeline().await?;
        let next = match chain.first_after(&timeline, time).await? {
            Some(Row::Superseded(found)) if found.version.time <= time => {
                return self.split(key, &version, found);
            }
            // The history of the key begins later.
            Some(Row::Superseded(found)) => Some(found.version.time),
            Some(Row::Tombstone(time)) => Some(time),
            None => latest,
        };
        if let Some(next) = next {
            let writes = self.superseded(Writes::new(), key, &version, next)?;
            return Ok((writes, VersionedPut::ValidTo(next)));
        }
        let tombstone = match chain.last_until(&timeline, time).await? {
            Some(Row::Tombstone(from)) => Some(from),
            _ => None,
        };
        let old = tombstone.filter(|from| *from < time).map(|time| Version { time, value: None });
        let mut writes = Writes::new();
        if let Some(from) = tombstone {
            let place = At::Tombstone(from).encode(key)?;
            writes = writes.delete(Some(self.settings.segment(from)), place);
        }
        Ok((self.latest(writes, old, key, version)?, VersionedPut::Latest))
    }

    /// Puts a version in the middle of another, or in its stead where both begin at the same time.
    fn split(
        &self,
        key: &Bytes,
        version: &Version,
        found: Superseded,
    ) -> Result<(Writes, VersionedPut)> {
        let Superseded { version: old, valid_to } = found;
        let mut writes = Writes::new();
        if old.time < version.time {
            writes = self.superseded(writes, key, &old, version.time)?;
        }
        let writes = self.superseded(writes, key, version, valid_to)?;
        Ok((writes, VersionedPut::ValidTo(valid_to)))
    }

    /// Writes a superseded version.
    fn superseded(
        &self,
        writes: Writes,
        key: &Bytes,
        version: &Version,
        valid_to: i64,
    ) -> Result<Writes> {
        let place = At::End(valid_to).encode(key)?;
        Ok(writes.put(Some(self.settings.segment(valid_to)), place, version.encode()?))
    }

    /// Writes the latest version, and the one that it supersedes.
    fn latest(
        &self,
        mut writes: Writes,
        old: Option<Version>,
        key: &Bytes,
        version: Version,
    ) -> Result<Writes> {
        let Version { time, value } = version;
        if let Some(old) = old {
            writes = self.superseded(writes, key, &old, time)?;
        }
        Ok(match value {
            Some(value) => writes.put(None, key.clone(), Version::encode_latest(time, &value)?),
            None => {
                let segment = Some(self.settings.segment(time));
                let place = At::Tombstone(time).encode(key)?;
                writes.delete(None, key.clone()).put(segment, place, Bytes::new())
            }
        })
    }
}

/// Writes a version; a record that came too late meanwhile is late.
async fn write(lock: &KeyLock, writes: Writes, put: VersionedPut) -> Result<VersionedPut> {
    Ok(match lock.write(writes).await? {
        Written::Stored => put,
        Written::Late => VersionedPut::Late,
    })
}

#[async_trait]
impl<K, V, C> VersionedKeyValueStore<K, V> for Store<Maps, K, V, C>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn put(&self, key: &K, value: Option<&V>, time: i64) -> Result<VersionedPut> {
        let put = async {
            let (key, value) = (self.key(key)?, self.encode_option(value)?);
            let lock = self.maps.lock(key.clone()).await?;
            self.place(&lock, key, Version { time, value }).await
        };
        self.run(put).await
    }

    async fn delete(&self, key: &K, time: i64) -> Result<Option<VersionedRecord<V>>> {
        let delete = async {
            let key = self.key(key)?;
            let lock = self.maps.lock(key.clone()).await?;
            let deleted = match self.is_late(time).await? {
                true => None,
                false => self.valid_at(key.clone(), time).await?,
            };
            match self.place(&lock, key, Version { time, value: None }).await? {
                VersionedPut::Late => Ok(None),
                _ => Ok(deleted),
            }
        };
        self.run(delete).await
    }

    fn late_records(&self) -> u64 {
        self.maps.late_records()
    }
}
