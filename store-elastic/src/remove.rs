//! Removing documents for good: those found by a search, each only if it is as it was found.

use std::{
    sync::PoisonError,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store_core::{Result, redo::Lease};

use crate::{
    bulk::{At, Operation, Target},
    error::incomplete,
    task::ElasticTask,
};

/// Documents removed by one request.
const AT_ONCE: usize = 2000;

/// How often nothing may be removed of what is found, because somebody writes it.
const RIVALS: usize = 100;

/// How often marks of deleted keys are looked at.
const PURGE_EVERY: Duration = Duration::from_secs(600);

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "_id")]
    id: String,
    #[serde(flatten)]
    at: At,
}

/// Which marks of deleted keys were there at a time: those up to a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// Milliseconds since 1970, by the clock of who removes them.
    time: u64,
    stamp: i64,
}

impl Mark {
    /// Up to which stamp marks may be removed at a time, if any may.
    ///
    /// By the note they must have been there for long, and by their stamps, too: each is of the clock of who wrote it, and one
    /// of them may have been wrong.
    fn removable(self, now: u64, keep: u64) -> Option<i64> {
        let old = now.saturating_sub(keep);
        let micros = i64::try_from(old.saturating_mul(1000)).unwrap_or(i64::MAX);
        (self.time <= old).then(|| self.stamp.min(micros))
    }
}

/// What came of one round of removing.
#[derive(Clone, Copy)]
struct Round {
    found: usize,
    done: usize,
}

impl Round {
    const fn is_last(self) -> bool {
        self.done == self.found && self.found < AT_ONCE
    }
}

impl ElasticTask {
    /// Removes all documents that fulfil the conditions.
    pub(crate) async fn remove(
        &self,
        index: &str,
        conditions: &Value,
        lease: Option<&Lease>,
    ) -> Result<()> {
        let mut rivals = RIVALS;
        while rivals > 0 {
            let round = self.remove_some(index, conditions, lease).await?;
            if round.is_last() {
                return Ok(());
            }
            rivals -= usize::from(round.done == 0);
        }
        Err(incomplete(self.doing("remove entries of"), "others write them"))
    }

    /// Removes some of them.
    async fn remove_some(
        &self,
        index: &str,
        conditions: &Value,
        lease: Option<&Lease>,
    ) -> Result<Round> {
        let (client, doing) = (&self.client, self.doing("remove entries of"));
        let body = json!({
            "size": AT_ONCE,
            "query": { "bool": { "filter": conditions } },
            "_source": false,
            "seq_no_primary_term": true,
            "sort": ["_doc"],
            "track_total_hits": false,
        });
        client.refresh(index, doing).await?;
        let found: Vec<Found> = client.search(index, Some(&self.name), &body, doing).await?;
        let removals = found.iter().map(|Found { id, at }| {
            Operation::delete(Target {
                id,
                routing: &self.name,
                at: Some(*at),
                ..Target::default()
            })
        });
        lease.map_or(Ok(()), Lease::check)?;
        let done = client.bulk_all(index, removals.collect(), doing).await?;
        Ok(Round { found: found.len(), done })
    }

    /// Removes marks of deleted keys that have been there for long enough, and notes which ones are there.
    ///
    /// The commit waits for it, so it removes some of them; the next commit goes on.
    pub(crate) async fn purge(&self, stamp: i64) -> Result<()> {
        let purged = || self.purged.lock().unwrap_or_else(PoisonError::into_inner);
        if purged().is_some_and(|purged| purged.elapsed() < PURGE_EVERY) {
            return Ok(());
        }
        *purged() = Some(Instant::now());
        let (client, names) = (&self.client, &self.shared.names);
        let (id, doing) = ([format!("{}/purge", self.name)], self.doing("remove marks of"));
        let mark = client.get::<Mark>(&names.tasks, &self.name, &id, "time,stamp", doing).await?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let mark = mark.into_iter().flatten().next();
        // One of a clock that was ahead would end all removing until then: it is written anew.
        if let Some(mark) = mark.filter(|mark| mark.source.time <= now) {
            let removable = mark.source.removable(now, self.shared.config.keep_deleted_ms);
            let Some(stamp) = removable else { return Ok(()) };
            let marks = json!([
                { "term": { "task": self.name } },
                { "term": { "deleted": true } },
                { "range": { "stamp": { "lte": stamp } } },
            ]);
            if !self.remove_some(&names.data, &marks, None).await?.is_last() {
                *purged() = None;
                return Ok(());
            }
        }
        let target = Target { id: &id[0], routing: &self.name, ..Target::default() };
        let note = Operation::index(target, &Mark { time: now, stamp });
        client.bulk_all(&names.tasks, vec![note], doing).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_ONCE, Mark, Round};

    #[test]
    fn marks_are_old_by_the_note_and_by_their_stamps() {
        let removable = |time, stamp| Mark { time, stamp }.removable(10_000, 1_000);
        assert_eq!(removable(9_000, 5_000_000), Some(5_000_000));
        assert_eq!(removable(9_001, 5_000_000), None, "the note is not old");
        assert_eq!(
            removable(9_000, 9_500_000),
            Some(9_000_000),
            "the clock of the note was behind"
        );
        assert_eq!(Mark { time: 0, stamp: 7 }.removable(500, 1_000), Some(0), "a clock near zero");
        assert_eq!(Mark { time: 0, stamp: i64::MAX }.removable(u64::MAX, 0), Some(i64::MAX));
    }

    #[test]
    fn a_round_is_the_last_where_all_was_found_and_removed() {
        let is_last = |found, done| Round { found, done }.is_last();
        assert!(is_last(0, 0) && is_last(5, 5));
        assert!(!is_last(5, 4), "somebody wrote one");
        assert!(!is_last(AT_ONCE, AT_ONCE), "there may be more");
    }
}
