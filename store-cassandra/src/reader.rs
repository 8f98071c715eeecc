//! Reading: values, chunks of logs, counts.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use store_core::{Result, backend::MapId, redo::LogName, seen::Seen};

use crate::{
    layout::{MAX_KEY_BYTES, MapColumns, signed},
    task::CassandraTask,
};

impl CassandraTask {
    /// The values of keys, by one request for several keys of a bucket.
    pub(crate) async fn values(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let buckets = self.buckets().await?;
        let mut asked = BTreeMap::<_, Vec<usize>>::new();
        for (place, (map, key)) in keys.iter().enumerate() {
            if key.len() <= MAX_KEY_BYTES {
                asked.entry((*map, buckets.bucket(*map, key))).or_default().push(place);
            }
        }
        let in_flight = self.shared.config.in_flight;
        let requests = asked.iter().flat_map(|((map, bucket), places)| {
            let at_once = keys_at_once(self.seen(*map), in_flight);
            places.chunks(at_once).map(|places| self.some_values(*map, *bucket, keys, places))
        });
        let requests: Vec<_> = requests.collect();
        let found: Vec<_> =
            stream::iter(requests).buffer_unordered(in_flight).try_collect().await?;
        let mut values = vec![None; keys.len()];
        let mut came = BTreeMap::<MapId, Seen>::new();
        for (place, value) in found.into_iter().flatten() {
            if let Some(value) = &value {
                let (map, key) = &keys[place];
                let seen = came.entry(*map).or_default();
                *seen = seen.max(Seen::new(1, key.len() + value.len()));
            }
            values[place] = value;
        }
        for (map, came) in came {
            self.learn(map, came);
        }
        Ok(values)
    }

    /// The values at some places of the keys, all of one bucket.
    async fn some_values(
        &self,
        map: MapId,
        bucket: i32,
        keys: &[(MapId, Bytes)],
        places: &[usize],
    ) -> Result<Vec<(usize, Option<Bytes>)>> {
        let MapColumns { store, cut, segment } = map.into();
        let key = |place: &usize| &keys[*place].1;
        let wanted: Vec<_> = places.iter().map(key).collect();
        let values = (&self.name, store, cut, segment, bucket, wanted);
        let doing = self.doing("read");
        let found = self.shared.ask(&self.shared.statements.get, values, doing).await?;
        let found: BTreeMap<Bytes, Bytes> = found.into_iter().collect();
        // Copied, since a slice would keep the whole answer in memory as long as one value.
        let value = |key| found.get(key).map(|value: &Bytes| Bytes::copy_from_slice(value));
        Ok(places.iter().map(|place| (*place, value(key(place)))).collect())
    }

    pub(crate) async fn chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        let epoch = signed(log.epoch)?;
        let statement = &self.shared.statements.chunk;
        let gets = (0..i64::from(count)).map(async |number| {
            let values = (&self.name, epoch, log.attempt, number);
            let doing = self.doing("read the log of");
            let mut chunks: Vec<(Bytes,)> = self.shared.ask(statement, values, doing).await?;
            Ok(chunks.pop().map(|(chunk,)| chunk))
        });
        let gets: Vec<_> = gets.collect();
        stream::iter(gets).buffered(CHUNKS_AT_ONCE).try_collect().await
    }

    pub(crate) async fn count(&self, map: MapId) -> Result<u64> {
        let buckets = self.buckets().await?;
        let counts: Vec<_> =
            buckets.all(map).map(|bucket| self.count_bucket(map, bucket)).collect();
        let in_flight = self.shared.config.in_flight;
        stream::iter(counts)
            .buffer_unordered(in_flight)
            .try_fold(0, async |sum, n| Ok(sum + n))
            .await
    }

    async fn count_bucket(&self, map: MapId, bucket: i32) -> Result<u64> {
        let MapColumns { store, cut, segment } = map.into();
        let values = (&self.name, store, cut, segment, bucket);
        let doing = self.doing("count entries of");
        let counts: Vec<(i64,)> =
            self.shared.ask(&self.shared.statements.count, values, doing).await?;
        Ok(counts.first().map_or(0, |(count,)| count.unsigned_abs()))
    }
}

/// Chunks are up to half a MiB.
const CHUNKS_AT_ONCE: usize = 8;

/// How many keys one request asks for: the values of all requests on their way are to fit, if they are as large as the largest
/// of late.
fn keys_at_once(seen: Seen, in_flight: usize) -> usize {
    match seen.largest {
        0 => FIRST_KEYS,
        largest => (ANSWERS_BYTES / in_flight / largest).clamp(1, MOST_KEYS),
    }
}

/// Bytes of the answers to all requests of one read that are on their way.
const ANSWERS_BYTES: usize = 8 << 20;

/// Keys of one request while nothing is known of the values, and at most.
const FIRST_KEYS: usize = 2;
const MOST_KEYS: usize = 16;

#[cfg(test)]
mod tests {
    use store_core::seen::Seen;

    use super::keys_at_once;

    #[test]
    fn large_values_are_asked_for_one_by_one_and_unknown_ones_by_two() {
        let keys = |largest| keys_at_once(Seen::new(1, largest), 32);
        assert_eq!([0, 100, 16 << 10, 100 << 10, 8 << 20].map(keys), [2, 16, 16, 2, 1]);
    }
}
