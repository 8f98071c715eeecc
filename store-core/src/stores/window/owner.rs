//! Writing windows.

use async_trait::async_trait;
use bytes::Bytes;

use super::{WindowStore, definition::Settings, layout::Place, reader::Store};
use crate::{
    Error, ErrorKind, Result, Written,
    codec::{Codec, Key},
    maps::{Maps, Writes},
    stores::Update,
};

impl<K: Key, V: Send + Sync + 'static, C: Codec<V>> Store<Maps, K, V, C> {
    fn check_start(&self, start: i64) -> Result<()> {
        if start >= 0 {
            return Ok(());
        }
        let message = format!("a window cannot start at {start} ms, before 0");
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }

    /// A put without duplicates.
    fn replace(&self, key: Bytes, start: i64, value: Option<Bytes>) -> Result<Writes> {
        let segment = Some(self.settings.retention.segment(start));
        let place = Place { key, start, insertion: None }.encode()?;
        let writes = match value {
            Some(value) => Writes::new().put(segment, place, value),
            None => Writes::new().delete(segment, place),
        };
        Ok(self.at(writes, start))
    }

    fn at(&self, writes: Writes, start: i64) -> Writes {
        writes.at(start, self.settings.retention)
    }
}

#[async_trait]
impl<K, V, C> WindowStore<K, V> for Store<Maps, K, V, C>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn put(&self, key: &K, start: i64, value: Option<&V>) -> Result<Written> {
        let put = async {
            self.check_start(start)?;
            let (key, value) = (self.key(key)?, self.encode_option(value)?);
            let Settings { retention, duplicates, .. } = self.settings;
            if !duplicates {
                let writes = self.replace(key.clone(), start, value)?;
                return self.maps.write(key, writes).await;
            }
            let lock = self.maps.lock(key.clone()).await?;
            let writes = match value {
                // A late one is not given a number.
                Some(value) if self.maps.is_live(retention, start).await? => {
                    let insertion = Some(self.maps.next_insertion()?);
                    let place = Place { key, start, insertion }.encode()?;
                    self.at(Writes::new().put(Some(retention.segment(start)), place, value), start)
                }
                _ => self.at(Writes::new(), start),
            };
            lock.write(writes).await
        };
        self.run(put).await
    }

    async fn update_boxed<'a>(
        &'a self,
        key: &'a K,
        start: i64,
        update: Update<'a, V>,
    ) -> Result<Written> {
        let update = async {
            self.check_start(start)?;
            if self.settings.duplicates {
                let message = "a store with duplicates has no one value to update: put another";
                return Err(Error::new(ErrorKind::Unsupported, message));
            }
            let key = self.key(key)?;
            let lock = self.maps.lock(key.clone()).await?;
            let old = self.find(key.clone(), start).await?;
            if !self.maps.is_live(self.settings.retention, start).await? {
                // Counted, and not told to the closure.
                return lock.write(self.at(Writes::new(), start)).await;
            }
            let absent = old.is_none();
            let writes = match update(old) {
                None if absent => self.at(Writes::new(), start),
                new => {
                    let new = new.map(|new| self.encode(&new)).transpose()?;
                    self.replace(key, start, new)?
                }
            };
            lock.write(writes).await
        };
        self.run(update).await
    }

    fn late_records(&self) -> u64 {
        self.maps.late_records()
    }
}
