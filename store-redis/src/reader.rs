//! Reads of one task.

use std::{collections::BTreeMap, ops::Bound};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Value, aio::ConnectionManager, cmd};
use store_core::{
    Result,
    backend::{
        Capabilities, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher, TaskReader,
    },
};

use crate::{
    layout::{CHECKPOINT, Keys, LIFE},
    script::PAGE,
};

/// Entries of the largest page; the server stands still while one is read. A page may be shorter than asked for.
const MAX_PAGE_ENTRIES: usize = 10_000;

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("redis", 64 << 10, 16 << 20);
    capabilities.persistent = true;
    capabilities.exact_len = true;
    capabilities
};

/// Reads one task.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) connection: ConnectionManager,
    pub(crate) keys: Keys,
    capabilities: Capabilities,
    /// For who does not own the task: how often it was destroyed when it was opened.
    life: Option<u64>,
}

/// How often a task was destroyed, as it is stored.
pub(crate) type Life = Option<u64>;

impl Reader {
    pub(crate) const fn new(connection: ConnectionManager, keys: Keys) -> Self {
        Self { connection, keys, capabilities: CAPABILITIES, life: None }
    }

    /// As somebody who does not own the task, and whose reads end with it.
    pub(crate) fn watching(self, life: Life) -> Self {
        Self { life: Some(life.unwrap_or(0)), ..self }
    }

    /// Runs commands as one, and checks that the task lives on.
    async fn ask<T: FromRedisValue>(&self, doing: &str, commands: Vec<Cmd>) -> Result<Vec<T>> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        pipe.hget(self.keys.task(), LIFE);
        for command in commands {
            pipe.add_command(command);
        }
        let answer: redis::RedisResult<Vec<Value>> =
            pipe.query_async(&mut self.connection.clone()).await;
        let answers = answer.and_then(|answers| {
            let mut answers = answers.into_iter();
            let life = Life::from_redis_value(answers.next().unwrap_or(Value::Nil))?;
            let rest = answers.map(T::from_redis_value).collect::<Result<_, _>>()?;
            Ok((life, rest))
        });
        let (life, answers) = answers.map_err(self.keys.failed(doing))?;
        match self.life {
            Some(watched) if watched != life.unwrap_or(0) => Err(self.keys.gone()),
            _ => Ok(answers),
        }
    }

    /// Values of keys of one map.
    fn values(&self, map: MapId, keys: &[&[u8]]) -> Cmd {
        let mut command = cmd("HMGET");
        command.arg(self.keys.values(map)).arg(keys);
        command
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// An end of a range as `BYLEX` takes it.
fn bound(end: &Bound<Bytes>, open: &[u8]) -> Vec<u8> {
    match end {
        Bound::Unbounded => open.to_vec(),
        Bound::Included(key) => [b"[", &key[..]].concat(),
        Bound::Excluded(key) => [b"(", &key[..]].concat(),
    }
}

/// The stored checkpoint, or that of a task without commits.
pub(crate) fn checkpoint(keys: &Keys, stored: Option<Bytes>) -> Result<Checkpoint> {
    let decoded =
        stored.map_or_else(|| Ok(Checkpoint::default()), |bytes| Checkpoint::decode(&bytes));
    decoded.map_err(keys.unreadable())
}

#[async_trait]
impl TaskReader for Reader {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut maps = BTreeMap::<MapId, Vec<usize>>::new();
        for (place, (map, _)) in keys.iter().enumerate() {
            maps.entry(*map).or_default().push(place);
        }
        let mut values = vec![None; keys.len()];
        if maps.is_empty() {
            return Ok(values);
        }
        let command = |(map, places): (&MapId, &Vec<usize>)| {
            let wanted: Vec<_> = places.iter().map(|&place| &keys[place].1[..]).collect();
            self.values(*map, &wanted)
        };
        // One transaction, so that keys of several maps come from the same commit.
        let found: Vec<Vec<Option<Bytes>>> =
            self.ask("read", maps.iter().map(command).collect()).await?;
        for (places, found) in maps.into_values().zip(found) {
            for (place, value) in places.into_iter().zip(found) {
                values[place] = value;
            }
        }
        Ok(values)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        if range.is_empty() {
            return Ok(Page::default());
        }
        let (low, high) = (bound(&range.start, b"-"), bound(&range.end, b"+"));
        let mut script = PAGE.prepare_invoke();
        script.key(self.keys.values(map)).key(self.keys.order(map)).key(self.keys.task());
        match order {
            Order::Forward => script.arg("").arg(low).arg(high),
            Order::Backward => script.arg("REV").arg(high).arg(low),
        };
        script.arg(limit.entries.min(MAX_PAGE_ENTRIES)).arg(limit.bytes);
        if let Some(life) = self.life {
            script.arg(life);
        }
        let page = script.invoke_async(&mut self.connection.clone()).await;
        let (more, entries): (bool, Vec<(Bytes, Bytes)>) =
            page.map_err(self.keys.failed("scan"))?;
        let resume = entries.last().filter(|_| more).map(|(key, _)| key.clone());
        Ok(Page::new(entries, resume))
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let mut length = cmd("HLEN");
        length.arg(self.keys.values(map));
        let lengths = self.ask("count entries of", vec![length]).await?;
        Ok(lengths.first().copied().unwrap_or(0))
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        let mut command = cmd("HGET");
        command.arg(self.keys.task()).arg(CHECKPOINT);
        let stored = self.ask("read the checkpoint of", vec![command]).await?;
        checkpoint(&self.keys, stored.into_iter().next().flatten())
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
