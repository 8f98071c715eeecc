//! The decided log of a large commit, which who does not own the task lays over what it reads until that is applied.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use store_core::{Result, backend::Changes};

use crate::{
    chunk,
    layout::{LOG_MAPS, PENDING, log_name},
    reader::Reader,
};

/// What who does not own the task goes by.
#[derive(Clone)]
pub(crate) struct Watched {
    /// How often the task was destroyed when it was opened.
    pub(crate) life: u64,
    /// The last decided log that was seen before it was applied, so that it is read once.
    pub(crate) log: Arc<Mutex<Option<Log>>>,
}

/// A log by its name.
type Log = (String, Arc<Changes>);

/// How often a task was destroyed, and the decided log that is not applied, as they are stored.
pub(crate) type State = (Option<u64>, Option<String>);

impl Reader {
    /// What a state says is to be laid over what was read with it. `None` where it changed meanwhile; an error where
    /// the task was destroyed.
    pub(crate) async fn unapplied(&self, (life, pending): State) -> Result<Option<Arc<Changes>>> {
        let Some(watched) = &self.watched else { return Ok(Some(Arc::default())) };
        if watched.life != life.unwrap_or(0) {
            return Err(self.keys.gone());
        }
        let Some(pending) = pending else {
            *watched.log.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return Ok(Some(Arc::default()));
        };
        let name = log_name(&pending);
        let known = watched.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, log)) = known.filter(|(known, _)| known == name) {
            return Ok(Some(log));
        }
        let Some(log) = self.log(name).await?.map(Arc::new) else { return Ok(None) };
        let known = (name.to_owned(), log.clone());
        *watched.log.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(Some(log))
    }

    /// The decided log of this name, chunk by chunk. `None` where it is not that any more.
    async fn log(&self, name: &str) -> Result<Option<Changes>> {
        let mut changes = Changes::new();
        let mut chunk = 0;
        loop {
            let mut pipe = redis::pipe();
            let fields = [LOG_MAPS.to_owned(), chunk.to_string()];
            pipe.atomic().hget(self.keys.task(), PENDING).hmget(self.keys.log(), &fields);
            let answer = pipe.query_async(&mut self.link.clone()).await;
            let (pending, (maps, bytes)): (Option<String>, (Option<String>, Option<Bytes>)) =
                answer.map_err(self.keys.failed("read a large commit of"))?;
            let pending = pending.unwrap_or_default();
            let Some(chunks) = chunks(&pending, name) else { return Ok(None) };
            let maps = maps.as_deref().and_then(chunk::maps);
            let (Some(maps), Some(bytes)) = (maps, bytes) else { return Err(self.keys.damaged()) };
            chunk::add(&mut changes, &maps, &bytes)?;
            chunk += 1;
            if chunk == chunks {
                return Ok(Some(changes));
            }
        }
    }
}

/// How many chunks the decided log has, where it is of this name: `NAME:CHUNKS:NEXT`.
pub(crate) fn chunks(pending: &str, name: &str) -> Option<usize> {
    pending.strip_prefix(name)?.strip_prefix(':')?.split(':').next()?.parse().ok()
}
