//! Reads of keys, and counts.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Capabilities, MapId, Page},
};

use super::{Broken, others_go_on};
use crate::{
    Key,
    altered::{Answered, Paged},
    fault::{Fault, Scan, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("gets-sorted", "answers come in the order of keys", || {
            Answered(|keys, found| {
                let mut answers: Vec<_> = keys.iter().zip(std::mem::take(found)).collect();
                answers.sort_by(|one, other| one.0.cmp(other.0));
                *found = answers.into_iter().map(|(_, answer)| answer).collect();
            })
        }),
        Broken::new("gets-without-absent", "absent keys have no answer", || {
            Answered(|_, found| found.retain(Option::is_some))
        }),
        Broken::new("gets-once", "a key asked for twice is absent the second time", || {
            Answered(|keys, found| {
                let mut seen = HashSet::new();
                for (key, answer) in keys.iter().zip(found) {
                    if !seen.insert(key) {
                        *answer = None;
                    }
                }
            })
        }),
        Broken::new("gets-hundred", "keys beyond the hundredth are absent", || {
            Answered(|_, found| found.iter_mut().skip(100).for_each(|answer| *answer = None))
        }),
        Broken::new("gets-none-panics", "asking for no key panics", || {
            Answered(|keys, _| assert!(!keys.is_empty(), "no key"))
        }),
        Broken::new("empty-value-absent", "an empty value is read as absent", || {
            Answered(|_, found| {
                for answer in found {
                    *answer = answer.take().filter(|value| !value.is_empty());
                }
            })
        }),
        Broken::new("empty-value-unseen", "a scan leaves out empty values", || {
            Paged(|page, _| page.entries.retain(|(_, value)| !value.is_empty()))
        }),
        Broken::new("empty-key-absent", "the empty key is read as absent", || {
            Answered(|keys, found| {
                for ((_, key), answer) in keys.iter().zip(found) {
                    if key.is_empty() {
                        *answer = None;
                    }
                }
            })
        }),
        Broken::new("long-key-refused", "asking for a long key is an error", || LongRefused),
        Broken::new("absent-map-fails", "an absent map is an error", || AbsentFails),
        Broken::new(
            "answers-out-of-step",
            "the answer to a read that was dropped is given to the next one",
            Line::default,
        ),
        Broken::new("reads-torn", "an answer is of two moments", || Torn),
        Broken::new("count-too-high", "a count is one too many, and said to be exact", || {
            Counted(|count| count + u64::from(count > 0))
        }),
        Broken::new("count-boundless", "a count, not said to be exact, that means nothing", || {
            Boundless
        }),
        Broken::new("count-of-absent", "an absent map has one entry", || {
            Counted(|count| count.max(1))
        }),
    ]
}

#[derive(Debug)]
struct LongRefused;

#[async_trait]
impl Fault for LongRefused {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        if keys.iter().any(|(_, key)| key.len() > 65_535) {
            return Err(Error::new(ErrorKind::TooLarge, "the key is too long"));
        }
        sound.reader.get_many(keys).await
    }
}

#[derive(Debug)]
struct AbsentFails;

#[async_trait]
impl Fault for AbsentFails {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        if sound.reader.approximate_len(scan.map).await? == 0 {
            return Err(Error::new(ErrorKind::NotFound, "there is no such map"));
        }
        sound.scan(&scan).await
    }
}

#[derive(Debug)]
pub(super) struct Torn;

#[async_trait]
impl Fault for Torn {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let (first, second) = keys.split_at(keys.len() / 2);
        let mut found = sound.reader.get_many(first).await?;
        others_go_on(5).await;
        found.extend(sound.reader.get_many(second).await?);
        Ok(found)
    }
}

/// Answers in the order in which they were asked for, whoever waits.
#[derive(Debug, Default)]
struct Line(Mutex<VecDeque<Vec<Option<Bytes>>>>);

#[async_trait]
impl Fault for Line {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let answer = sound.reader.get_many(keys).await?;
        let line = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line().push_back(answer);
        tokio::task::yield_now().await;
        let next = line().pop_front().unwrap_or_default();
        // Another number of values cannot be taken for an answer.
        if next.len() == keys.len() { Ok(next) } else { sound.reader.get_many(keys).await }
    }
}

#[derive(Debug)]
struct Boundless;

#[async_trait]
impl Fault for Boundless {
    fn capabilities(&self, says: &mut Capabilities) {
        says.exact_len = false;
    }

    async fn approximate_len(&self, sound: &Sound, map: MapId) -> Result<u64> {
        Ok(1000 * sound.reader.approximate_len(map).await?)
    }
}

#[derive(Debug)]
struct Counted(fn(u64) -> u64);

#[async_trait]
impl Fault for Counted {
    async fn approximate_len(&self, sound: &Sound, map: MapId) -> Result<u64> {
        Ok(self.0(sound.reader.approximate_len(map).await?))
    }
}
