//! A Redis client: a hash with the values of a map and a sorted set with its order, as the adapter has them.

use anyhow::Result;
use redis::{
    Client, IntoConnectionInfo, aio::MultiplexedConnection, cmd, io::tcp::TcpSettings, pipe,
};
use store::backend::MapId;

use super::{Bare, Write};

/// Entries of one page of a scan.
const PAGE: usize = 1000;

/// One multiplexed connection. Batches are pipelines, neither atomic nor fenced.
#[derive(Clone)]
pub(crate) struct Redis {
    connection: MultiplexedConnection,
    prefix: String,
}

impl Redis {
    /// Connects; keys begin with the prefix, which must be free.
    pub(crate) async fn connect(url: &str, prefix: String) -> Result<Self> {
        let info = url.into_connection_info()?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
        let connection = Client::open(info)?.get_multiplexed_async_connection().await?;
        Ok(Self { connection, prefix })
    }

    /// Removes every key that begins with a namespace and a colon.
    pub(crate) async fn remove(url: &str, namespace: &str) -> Result<()> {
        let mut connection = Client::open(url)?.get_multiplexed_async_connection().await?;
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{namespace}:*")).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<Vec<u8>>) = scan.query_async(&mut connection).await?;
            if !keys.is_empty() {
                cmd("UNLINK").arg(keys).exec_async(&mut connection).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    fn values(&self, map: MapId) -> String {
        format!("{}:{}:{}:h", self.prefix, map.store, map.segment.unwrap_or(-1))
    }

    fn order(&self, map: MapId) -> String {
        format!("{}:{}:{}:z", self.prefix, map.store, map.segment.unwrap_or(-1))
    }
}

impl Bare for Redis {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        let mut get = cmd("HGET");
        let value: Option<Vec<u8>> =
            get.arg(self.values(map)).arg(key).query_async(&mut self.connection).await?;
        Ok(see(value.as_deref()))
    }

    async fn scan(
        &mut self,
        map: MapId,
        (from, to): (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let (mut low, high) = ([b"[", from].concat(), [b"[", to].concat());
        let mut left = limit;
        while left > 0 {
            let page = PAGE.min(left);
            let mut range = cmd("ZRANGE");
            range.arg(self.order(map)).arg(&low).arg(&high).arg("BYLEX");
            range.arg("LIMIT").arg(0).arg(page);
            let keys: Vec<Vec<u8>> = range.query_async(&mut self.connection).await?;
            let Some(last) = keys.last() else { break };
            let mut values = cmd("HMGET");
            values.arg(self.values(map)).arg(&keys);
            let values: Vec<Option<Vec<u8>>> = values.query_async(&mut self.connection).await?;
            for (key, value) in keys.iter().zip(&values) {
                see(key, value.as_deref().unwrap_or_default());
            }
            if keys.len() < page {
                break;
            }
            left -= keys.len();
            low = [b"(", &last[..]].concat();
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        let mut pipe = pipe();
        for (map, key, value) in writes {
            let (values, order) = (self.values(map), self.order(map));
            match value {
                Some(value) => {
                    pipe.cmd("HSET").arg(values).arg(&key).arg(&value[..]).ignore();
                    pipe.cmd("ZADD").arg(order).arg(0).arg(&key).ignore();
                }
                None => {
                    pipe.cmd("HDEL").arg(values).arg(&key).ignore();
                    pipe.cmd("ZREM").arg(order).arg(&key).ignore();
                }
            }
        }
        Ok(pipe.query_async(&mut self.connection).await?)
    }

    fn handle(&self) -> Option<Self> {
        Some(self.clone())
    }
}
