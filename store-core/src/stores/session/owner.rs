//! Writing sessions.

use async_trait::async_trait;
use futures::TryStreamExt;

use super::{Merge, SessionStore, SessionWindow, definition::Store, layout::encode};
use crate::{
    Error, ErrorKind, Result, Written,
    backend::Order,
    codec::{Codec, Key},
    maps::{Maps, Writes},
};

fn check(SessionWindow { start, end }: SessionWindow) -> Result<()> {
    if 0 <= start && start <= end {
        return Ok(());
    }
    let message = format!("a session cannot be from {start} to {end} ms: 0 <= start <= end");
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

#[async_trait]
impl<K, V, C> SessionStore<K, V> for Store<Maps, K, V, C>
where
    K: Key,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn put(&self, key: &K, session: SessionWindow, value: Option<&V>) -> Result<Written> {
        let put = async {
            check(session)?;
            let (key, value) = (self.key(key)?, self.encode_option(value)?);
            let (segment, place) =
                (Some(self.settings.segment(session.end)), encode(&key, session)?);
            let writes = match value {
                Some(value) => Writes::new().put(segment, place, value),
                None => Writes::new().delete(segment, place),
            };
            self.maps.write(key, writes.at(session.end, self.settings)).await
        };
        self.run(put).await
    }

    async fn remove(&self, key: &K, session: SessionWindow) -> Result<()> {
        let remove = async {
            check(session)?;
            let key = self.key(key)?;
            let segment = Some(self.settings.segment(session.end));
            let writes = Writes::new().delete(segment, encode(&key, session)?);
            self.maps.write(key, writes).await.map(drop)
        };
        self.run(remove).await
    }

    async fn merge_boxed<'a>(
        &'a self,
        key: &'a K,
        event: SessionWindow,
        gap_ms: i64,
        merge: Merge<'a, V>,
    ) -> Result<Written> {
        let merge = async {
            check(event)?;
            if gap_ms < 0 {
                let message = format!("a gap cannot be {gap_ms} ms, below 0");
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
            let key = self.key(key)?;
            let lock = self.maps.lock(key.clone()).await?;
            let from = event.start.saturating_sub(gap_ms);
            let to = event.end.saturating_add(gap_ms);
            let one = (Some(key.clone()), Some(key.clone()));
            let mut touched = self.entries(one, from, to, Order::Forward);
            let (mut merged, mut found, mut writes) = (event, Vec::new(), Writes::new());
            while let Some((_, session, value)) = touched.try_next().await? {
                found.push((session, self.decode(value)?));
                merged.start = merged.start.min(session.start);
                merged.end = merged.end.max(session.end);
                let segment = Some(self.settings.segment(session.end));
                writes = writes.delete(segment, encode(&key, session)?);
            }
            if !self.maps.is_live(self.settings, merged.end).await? {
                // Counted, and not told to the closure.
                return lock.write(Writes::new().at(merged.end, self.settings)).await;
            }
            let value = self.encode(&merge(found))?;
            let segment = Some(self.settings.segment(merged.end));
            let writes = writes.put(segment, encode(&key, merged)?, value);
            lock.write(writes.at(merged.end, self.settings)).await
        };
        self.run(merge).await
    }

    fn late_records(&self) -> u64 {
        self.maps.late_records()
    }
}
