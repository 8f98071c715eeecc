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
    /// Finds the place of a version of a locked key.
    async fn place(&self, key: &Bytes, version: Version) -> Result<Placement> {
        let (time, chain) = (version.time, self.chain(key.clone()));
        let latest = match chain.latest().await? {
            Some((from, value)) if from <= time => {
                let old = Version { time: from, value: Some(value) };
                let superseded = (from < time).then(|| old.clone());
                let writes = self.latest(Writes::new(), superseded, key, version)?;
                return Ok(Placement::new(writes, VersionedPut::Latest).instead_of(old, None));
            }
            latest => latest.map(|(from, _)| from),
        };
        let timeline = self.maps.timeline().await?;
        let next = match chain.first_after(&timeline, time, latest).await? {
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
            return Ok(Placement::new(writes, VersionedPut::ValidTo(next)));
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
        let writes = self.latest(writes, old, key, version)?;
        Ok(Placement::new(writes, VersionedPut::Latest))
    }

    /// Counts a record that came too late.
    async fn count_late(&self, lock: &KeyLock, time: i64) -> Result<()> {
        lock.write(Writes::new().at(time, self.settings)).await.map(drop)
    }

    async fn write(&self, lock: &KeyLock, time: i64, placement: Placement) -> Result<VersionedPut> {
        // Time may have gone on since the place was found.
        Ok(match lock.write(placement.writes.at(time, self.settings)).await? {
            Written::Stored => placement.put,
            Written::Late => VersionedPut::Late,
        })
    }

    /// Puts a version in the middle of another, or in its stead where both begin at the same time.
    fn split(&self, key: &Bytes, version: &Version, found: Superseded) -> Result<Placement> {
        let Superseded { version: old, valid_to } = found;
        let mut writes = Writes::new();
        if old.time < version.time {
            writes = self.superseded(writes, key, &old, version.time)?;
        }
        let writes = self.superseded(writes, key, version, valid_to)?;
        let placement = Placement::new(writes, VersionedPut::ValidTo(valid_to));
        Ok(placement.instead_of(old, Some(valid_to)))
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

/// The place of a version: what is written, where it comes to stand, and what was valid at its time before.
struct Placement {
    writes: Writes,
    put: VersionedPut,
    before: Option<(Version, Option<i64>)>,
}

impl Placement {
    const fn new(writes: Writes, put: VersionedPut) -> Self {
        Self { writes, put, before: None }
    }

    fn instead_of(self, version: Version, valid_to: Option<i64>) -> Self {
        Self { before: Some((version, valid_to)), ..self }
    }
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
            if !self.maps.is_live(self.settings, time).await? {
                self.count_late(&lock, time).await?;
                return Ok(VersionedPut::Late);
            }
            let placement = self.place(&key, Version { time, value }).await?;
            self.write(&lock, time, placement).await
        };
        self.run(put).await
    }

    async fn delete(&self, key: &K, time: i64) -> Result<Option<VersionedRecord<V>>> {
        let delete = async {
            let key = self.key(key)?;
            let lock = self.maps.lock(key.clone()).await?;
            if !self.maps.is_live(self.settings, time).await? {
                self.count_late(&lock, time).await?;
                return Ok(None);
            }
            let mut placement = self.place(&key, Version { time, value: None }).await?;
            let deleted = match placement.before.take() {
                Some((Version { time, value: Some(value) }, valid_to)) => {
                    Some(VersionedRecord { value: self.decode(value)?, time, valid_to })
                }
                _ => None,
            };
            let put = self.write(&lock, time, placement).await?;
            Ok(deleted.filter(|_| put != VersionedPut::Late))
        };
        self.run(delete).await
    }

    fn late_records(&self) -> u64 {
        self.maps.late_records()
    }
}
