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

impl ElasticTask {
    /// Removes all documents that fulfil the conditions.
    pub(crate) async fn remove(
        &self,
        index: &str,
        conditions: &Value,
        lease: Option<&Lease>,
    ) -> Result<()> {
        let (client, doing) = (&self.shared.client, self.doing("remove entries of"));
        let body = json!({
            "size": AT_ONCE,
            "query": { "bool": { "filter": conditions } },
            "_source": false,
            "seq_no_primary_term": true,
            "sort": ["_doc"],
            "track_total_hits": false,
        });
        let mut rivals = RIVALS;
        loop {
            client.refresh(index, doing).await?;
            let found: Vec<Found> = client.search(index, Some(&self.name), &body, doing).await?;
            if found.is_empty() {
                return Ok(());
            }
            let more = found.len() == AT_ONCE;
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
            if done == found.len() && !more {
                return Ok(());
            }
            if done == 0 {
                rivals -= 1;
            }
            if rivals == 0 {
                return Err(incomplete(doing, "others write them"));
            }
        }
    }

    /// Removes marks of deleted keys that have been there for long enough, and notes which ones are there.
    ///
    /// How old one is cannot be told from its stamp, which is of another's clock: so it must have been there at a time that
    /// was noted, long ago by the clock of who reads the note.
    pub(crate) async fn purge(&self, stamp: i64) -> Result<()> {
        {
            let mut purged = self.purged.lock().unwrap_or_else(PoisonError::into_inner);
            if purged.is_some_and(|purged| purged.elapsed() < PURGE_EVERY) {
                return Ok(());
            }
            *purged = Some(Instant::now());
        }
        let (client, names) = (&self.shared.client, &self.shared.names);
        let (id, doing) = ([format!("{}/purge", self.name)], self.doing("remove marks of"));
        let mark = client.get::<Mark>(&names.tasks, &self.name, &id, "time,stamp", doing).await?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        match mark.into_iter().flatten().next().map(|mark| mark.source) {
            Some(Mark { time, .. })
                if now < time.saturating_add(self.shared.config.keep_deleted_ms) =>
            {
                return Ok(());
            }
            Some(Mark { stamp, .. }) => {
                let marks = json!([
                    { "term": { "task": self.name } },
                    { "term": { "deleted": true } },
                    { "range": { "stamp": { "lte": stamp } } },
                ]);
                self.remove(&names.data, &marks, None).await?;
            }
            None => {}
        }
        let target = Target { id: &id[0], routing: &self.name, ..Target::default() };
        let note = Operation::index(target, &Mark { time: now, stamp });
        client.bulk_all(&names.tasks, vec![note], doing).await.map(drop)
    }
}
