//! The stores of a history, and what a record does to them.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;
use store_core::{
    KeyValue, Maps, Order, ReadDefinition, ReadMaps, Result, StoreDefinition, Task, Writes,
    backend::{KeyRange, StoreSpec},
    prelude::*,
};

use super::model::{self, Change, POSITION, Record, SEGMENTS, Segments, State};

pub static DATA: KeyValue<u8, Vec<u64>> = KeyValue::new("data");

/// A store of lists by segment, straight on its maps.
#[derive(Debug)]
pub struct Segmented;

const LIST: Bytes = Bytes::from_static(b"list");

impl StoreDefinition for Segmented {
    type Store = Maps;

    fn spec(&self) -> Result<StoreSpec> {
        let mut spec = StoreSpec::new("segments".parse()?, "test.segments/1", "raw", "raw");
        spec.segment_ms = Some(1);
        Ok(spec)
    }

    fn open(&self, maps: Maps) -> Maps {
        maps
    }
}

impl ReadDefinition for Segmented {
    type Reader = ReadMaps;

    fn reader(&self, maps: ReadMaps) -> ReadMaps {
        maps
    }
}

/// An owner's stores.
#[derive(Debug)]
pub struct Stores {
    pub data: Arc<dyn KeyValueStore<u8, Vec<u64>>>,
    pub segments: Maps,
}

impl Stores {
    pub fn of(task: &Task) -> Self {
        Self { data: task.store(&DATA).unwrap(), segments: task.store(&Segmented).unwrap() }
    }

    /// A record is a read and a write of a list of each store, now and then a drop, and a write of the position.
    pub async fn process(&self, records: &[Record], number: usize) -> Result<()> {
        let Record { change, expires } = records[number];
        let number_u64 = number as u64;
        match change {
            Change::Append(key) => {
                let append = |list: Option<Vec<u64>>| {
                    let mut list = list.unwrap_or_default();
                    list.push(number_u64);
                    Some(list)
                };
                self.data.update(&key, append).await?;
            }
            Change::Delete(key) => drop(self.data.delete(&key).await?),
        }
        let own = Some(model::segment(number));
        let lock = self.segments.lock(LIST).await?;
        let mut list = self.segments.get(own, &LIST).await?.unwrap_or_default().to_vec();
        list.push(u8::try_from(number).unwrap());
        let writes = Writes::new().put(own, LIST, list.into());
        let writes = if expires { writes.drop_below(model::segment(number)) } else { writes };
        lock.write(writes).await?;
        drop(lock);
        self.data.put(&POSITION, &vec![number_u64 + 1]).await
    }
}

/// The key-value store by its keys.
pub async fn read(data: &dyn ReadOnlyKeyValueStore<u8, Vec<u64>>) -> Result<State> {
    let keys = model::keys();
    let values = data.get_many(&keys).await?;
    Ok(keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect())
}

/// The key-value store by a scan of it.
pub async fn scan(data: &dyn ReadOnlyKeyValueStore<u8, Vec<u64>>, order: Order) -> Result<State> {
    data.range(None, None, order).try_collect().await
}

/// The segmented store, all segments there could be.
pub async fn read_segments(maps: &ReadMaps) -> Result<Segments> {
    let keys = (0..SEGMENTS).map(|segment| (Some(segment), LIST)).collect();
    let lists = maps.get_many(keys).await?.into_iter();
    Ok((0..).zip(lists).filter_map(|(segment, list)| Some((segment, list?.to_vec()))).collect())
}

/// The entries of one segment by a scan of it.
pub async fn scan_segment(maps: &ReadMaps, segment: i64) -> Result<usize> {
    let entries = maps.scan(Some(segment), KeyRange::ALL, Order::Forward);
    Ok(entries.try_collect::<Vec<_>>().await?.len())
}
