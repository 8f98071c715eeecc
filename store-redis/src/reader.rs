//! Reads of one task.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Value, cmd};
use store_core::{
    Error, ErrorKind, Result,
    backend::{
        Capabilities, Changes, Checkpoint, KeyRange, MapId, Order, Page, PageLimit, Searcher,
        TaskReader, written,
    },
};

use crate::{
    layout::{CHECKPOINT, Keys, LIFE, PENDING},
    link::Link,
    script::{Call, PAGE},
    unapplied::{State, Watched},
};

/// Entries of the largest page; the server stands still while one is read. A page may be shorter than asked for.
const MAX_PAGE_ENTRIES: usize = 10_000;

/// Keys of one command; a request for more is several commands.
const MAX_KEYS: usize = 1000;

/// How often a read is repeated because a large commit was decided or applied meanwhile.
const TRIES: usize = 20;

const CAPABILITIES: Capabilities = {
    let mut capabilities = Capabilities::new("redis", 64 << 10, 16 << 20);
    capabilities.persistent = true;
    capabilities.exact_len = true;
    capabilities
};

/// Reads one task.
#[derive(Clone)]
pub(crate) struct Reader {
    pub(crate) link: Link,
    pub(crate) keys: Keys,
    capabilities: Capabilities,
    pub(crate) watched: Option<Watched>,
}

impl Reader {
    /// As the owner, who knows what is decided and not applied.
    pub(crate) const fn new(link: Link, keys: Keys) -> Self {
        Self { link, keys, capabilities: CAPABILITIES, watched: None }
    }

    /// As somebody else, whose reads end with the task.
    pub(crate) fn watching(self, life: Option<u64>) -> Self {
        let watched = Watched { life: life.unwrap_or(0), log: Arc::default() };
        Self { watched: Some(watched), ..self }
    }

    /// Sends commands at once; for who does not own the task they are one, and the decided log that they did not see
    /// comes with their answers.
    async fn ask<T: FromRedisValue>(
        &self,
        doing: &str,
        commands: Vec<Cmd>,
    ) -> Result<(Vec<T>, Arc<Changes>)> {
        for _ in 0..TRIES {
            let mut pipe = redis::pipe();
            if self.watched.is_some() {
                pipe.atomic().hmget(self.keys.task(), &[LIFE, PENDING]);
            }
            for command in &commands {
                pipe.add_command(command.clone());
            }
            let answer: redis::RedisResult<Vec<Value>> =
                pipe.query_async(&mut self.link.clone()).await;
            let answers = answer.and_then(|mut answers| {
                let state = self.watched.as_ref().map(|_| answers.remove(0));
                let state: State = state.map_or(Ok((None, None)), State::from_redis_value)?;
                let rest =
                    answers.into_iter().map(T::from_redis_value).collect::<Result<_, _>>()?;
                Ok((state, rest))
            });
            let (state, answers) = answers.map_err(self.keys.failed(doing))?;
            if let Some(log) = self.unapplied(state).await? {
                return Ok((answers, log));
            }
        }
        Err(self.too_busy())
    }

    fn too_busy(&self) -> Error {
        let message = format!("{} commits faster than it can be read: try again", self.keys);
        Error::new(ErrorKind::Throttled, message)
    }

    /// One page, and what is decided and not applied; not yet laid over it.
    async fn page(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<(Page, Arc<Changes>)> {
        let (low, high) = (bound(&range.start, b"-"), bound(&range.end, b"+"));
        let call =
            Call::new(&PAGE, [self.keys.values(map), self.keys.order(map), self.keys.task()]);
        let call = match order {
            Order::Forward => call.arg(b"").arg(&low).arg(&high),
            Order::Backward => call.arg(b"REV").arg(&high).arg(&low),
        };
        let call = call.text(limit.entries.min(MAX_PAGE_ENTRIES)).text(limit.bytes);
        for _ in 0..TRIES {
            let page = self.link.run(&call).await.map_err(self.keys.failed("scan"))?;
            let (life, pending, more, entries): (_, _, bool, Vec<(Bytes, Bytes)>) = page;
            if let Some(log) = self.unapplied((life, pending)).await? {
                let resume = entries.last().filter(|_| more).map(|(key, _)| key.clone());
                return Ok((Page::new(entries, resume), log));
            }
        }
        Err(self.too_busy())
    }

    /// Counts what is there once the log is applied.
    async fn counted(&self, map: MapId) -> Result<u64> {
        let (mut range, mut count) = (Some(KeyRange::ALL), 0_u64);
        while let Some(rest) = range {
            let page = self.scan(map, &rest, Order::Forward, PageLimit::default()).await?;
            count = count.saturating_add(page.entries.len() as u64);
            range = page.resume.map(|last| rest.after(last, Order::Forward));
        }
        Ok(count)
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
        let mut parts: Vec<(MapId, &[usize])> = Vec::new();
        for (map, places) in &maps {
            parts.extend(places.chunks(MAX_KEYS).map(|part| (*map, part)));
        }
        let command = |(map, places): &(MapId, &[usize])| {
            let mut command = cmd("HMGET");
            command.arg(self.keys.values(*map));
            for &place in *places {
                command.arg(&keys[place].1[..]);
            }
            command
        };
        let commands = parts.iter().map(command).collect();
        let (found, log): (Vec<Vec<Option<Bytes>>>, _) = self.ask("read", commands).await?;
        for ((map, places), found) in parts.into_iter().zip(found) {
            for (&place, stored) in places.iter().zip(found) {
                let decided = written(&log, map, &keys[place].1);
                values[place] = decided.map_or(stored, |put| put.map(|put| put.value.clone()));
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
        let (page, log) = self.page(map, range, order, limit).await?;
        Ok(if log.contains_key(&map) {
            page.overlaid(&log, map, range, order, limit)
        } else {
            page
        })
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let mut length = cmd("HLEN");
        length.arg(self.keys.values(map));
        let (lengths, log) = self.ask("count entries of", vec![length]).await?;
        if log.contains_key(&map) {
            return self.counted(map).await;
        }
        Ok(lengths.first().copied().unwrap_or(0))
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        let mut command = cmd("HMGET");
        command.arg(self.keys.task()).arg(&[CHECKPOINT, LIFE]);
        let stored: redis::RedisResult<(Option<Bytes>, Option<u64>)> =
            command.query_async(&mut self.link.clone()).await;
        let (stored, life) = stored.map_err(self.keys.failed("read the checkpoint of"))?;
        match &self.watched {
            Some(watched) if watched.life != life.unwrap_or(0) => Err(self.keys.gone()),
            _ => checkpoint(&self.keys, stored),
        }
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
