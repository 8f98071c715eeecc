//! The owner's side of one task: one script per commit, or a staged one for a large commit.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Effect, Result,
    backend::{
        Capabilities, Checkpoint, Commit, KeyRange, MapId, Order, Page, PageLimit, Searcher,
        TaskReader, TaskWriter,
    },
};
use tokio::sync::Mutex;

use crate::{
    RedisConfig,
    chunk::Chunks,
    durability::Wait,
    layout::{LOG_MAPS, PENDING, log_name, map_name},
    reader::Reader,
    script::{APPLY, COMMIT, Call, DECIDE, DESTROY, STAGE},
    step::{APPLIED, APPLYING, DECIDED, FINISHING, STAGED, STAGING, step},
};

/// Writes one task under the fence of its claim.
#[derive(Debug)]
pub(crate) struct Writer {
    reader: Reader,
    fence: String,
    config: RedisConfig,
    wait: Wait,
    attempts: AtomicU64,
    /// The log that is decided and not applied, and its maps. Held while a commit is decided or applied.
    pending: Mutex<Option<(String, Vec<String>)>>,
}

impl Writer {
    pub(crate) fn new(reader: Reader, fence: String, config: RedisConfig, wait: Wait) -> Self {
        Self { reader, fence, config, wait, attempts: AtomicU64::new(0), pending: Mutex::default() }
    }

    /// Brings a log that an owner before has decided to its end.
    pub(crate) async fn finish(&self, pending: &str) -> Result<()> {
        let keys = &self.reader.keys;
        let name = log_name(pending).to_owned();
        let mut names = redis::cmd("HGET");
        names.arg(keys.log()).arg(LOG_MAPS);
        let names: redis::RedisResult<Option<String>> =
            names.query_async(&mut self.reader.link.clone()).await;
        let Some(names) = names.map_err(keys.failed("finish a commit of"))? else {
            return self.without_log(&name).await;
        };
        let names = names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        *self.pending.lock().await = Some((name, names));
        step(FINISHING);
        self.apply().await
    }

    /// A decided log is not there: a late request of an earlier try of this claim has finished it, a later owner has, or it is
    /// damaged.
    async fn without_log(&self, name: &str) -> Result<()> {
        let keys = &self.reader.keys;
        let record = self.reader.link.fence_and(keys, PENDING).await;
        let (fence, pending) = record.map_err(keys.failed("finish a commit of"))?;
        match pending {
            _ if fence.as_ref() != Some(&self.fence) => Err(keys.fenced()),
            Some(pending) if log_name(&pending) == name => Err(keys.damaged()),
            _ => Ok(()),
        }
    }

    async fn apply_last(&self, pending: &mut Option<(String, Vec<String>)>) -> Result<()> {
        let Some((name, maps)) = pending else { return Ok(()) };
        let keys = &self.reader.keys;
        let call =
            Call::new(&APPLY, keys.script(&*maps)).text(&self.fence).text(name).texts(&*maps);
        loop {
            step(APPLYING);
            let left: redis::RedisResult<u64> = self.reader.link.run(&call).await;
            if left.map_err(keys.failed("apply a commit of"))? == 0 {
                *pending = None;
                step(APPLIED);
                return Ok(());
            }
        }
    }

    /// Removes all of the task but its record, and waits as for a commit.
    pub(crate) async fn destroy(&self) -> Result<()> {
        let keys = &self.reader.keys;
        let maps = self.reader.link.maps(keys).await.map_err(keys.failed("destroy"))?;
        let call = Call::new(&DESTROY, keys.script(maps)).text(&self.fence);
        self.decide("destroy", &call).await.map(drop)
    }

    /// Decides by a script, and waits until that is as safe as the settings want it. Gives what the script does.
    async fn decide(&self, doing: &str, call: &Call<'_>) -> Result<Option<String>> {
        let failed = |error| self.reader.keys.failed(doing)(error);
        let Some(wait) = self.wait.command() else {
            return self.reader.link.run(call).await.map_err(failed);
        };
        let link = self.wait.link(&self.reader.link);
        let (answer, reached) = link.run_and(call, wait).await.map_err(failed)?;
        self.wait.check(&reached, doing, &self.reader.keys)?;
        Ok(answer)
    }

    /// Puts a large commit into a log, without deciding it. Gives the log's name.
    async fn stage(&self, commit: &Commit, chunks: &Chunks) -> Result<String> {
        let keys = &self.reader.keys;
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        // Names of one owner must grow as texts; those of two owners differ, even where an epoch was lost.
        let name = format!("{}.{attempt:020}", self.fence.replace(':', "."));
        let names = chunks.names();
        for (index, chunk) in chunks.encoded.iter().enumerate() {
            step(STAGING);
            let call = Call::new(&STAGE, keys.script([""; 0])).texts([&self.fence]);
            let call =
                call.text(commit.sequence() - 1).text(commit.sequence()).text(&name).text(index);
            let staged = self.reader.link.run::<String>(&call.arg(chunk).text(&names)).await;
            let undecided =
                |error| keys.failed("stage a commit of")(error).with_effect(Effect::NotApplied);
            if staged.map_err(undecided)? == "DUP" {
                break;
            }
        }
        step(STAGED);
        Ok(name)
    }
}

#[async_trait]
impl TaskWriter for Writer {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let mut pending = self.pending.lock().await;
        let unsent = self.apply_last(&mut pending).await;
        unsent.map_err(|error| error.with_effect(Effect::NotApplied))?;
        let chunks = Chunks::of(commit, &self.config);
        let maps: Vec<_> = chunks.maps.iter().map(|map| map_name(*map)).collect();
        let sequence = commit.sequence();
        let call = |script| {
            let call = Call::new(script, self.reader.keys.script(&maps)).text(&self.fence);
            call.text(sequence - 1).text(sequence).arg(commit.encoded_checkpoint())
        };
        if let [chunk] = &chunks.encoded[..] {
            self.decide("commit", &call(&COMMIT).arg(chunk).texts(&maps)).await?;
            step(DECIDED);
            return Ok(());
        }
        let name = self.stage(commit, &chunks).await?;
        // An earlier sending may have decided it, with a log of another name.
        let call = call(&DECIDE).text(&name).text(chunks.encoded.len()).texts(&maps);
        let decided = self.decide("commit", &call).await?;
        step(DECIDED);
        *pending = decided.map(|log| (log_name(&log).to_owned(), maps));
        Ok(())
    }

    async fn apply(&self) -> Result<()> {
        self.apply_last(&mut *self.pending.lock().await).await
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl TaskReader for Writer {
    fn capabilities(&self) -> &Capabilities {
        self.reader.capabilities()
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        self.reader.get_many(keys).await
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        self.reader.scan(map, range, order, limit).await
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.reader.approximate_len(map).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        self.reader.checkpoint().await
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}
