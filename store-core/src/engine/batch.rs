//! Writes that belong together.

use bytes::Bytes;

use super::{Engine, buffer::Buffer, locks::LockedKey, state::State};
use crate::{
    Error, ErrorKind, Result,
    backend::{MapId, Put},
    engine::PORTABLE_VALUE_BYTES,
    event_time::{Retention, Written},
    sabotage,
};

/// What the layout of a kind may add to a user's value, in bytes.
const LAYOUT_BYTES: usize = 64;

/// Writes to one store that take effect together: no freeze falls between them.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<(Option<i64>, Bytes, Option<Put>)>,
    /// The time of the event that the writes belong to.
    pub(crate) event: Option<(i64, Retention)>,
    pub(crate) stream_time: Option<i64>,
    pub(crate) floor: Option<i64>,
}

/// What an engine does with a batch that does not fit.
enum Room {
    Made(Written),
    /// A commit on its way will make room.
    Wait,
}

impl Engine {
    /// Buffers a batch for the store of this number, if nothing was rolled back since `generation`, where that is known.
    ///
    /// Waits at the hard memory limit for a commit that is on its way. Dropping the future writes nothing.
    pub(crate) async fn write(
        &self,
        store: u32,
        generation: Option<u64>,
        batch: Batch,
    ) -> Result<Written> {
        self.check_lengths(&batch)?;
        self.write_when_there_is_room(store, generation, batch).await
    }

    async fn write_when_there_is_room(
        &self,
        store: u32,
        generation: Option<u64>,
        mut batch: Batch,
    ) -> Result<Written> {
        if let Room::Made(written) = self.try_write(store, generation, &mut batch)? {
            return Ok(written);
        }
        loop {
            // Listens before looking, so that room made in between is not missed.
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            match self.try_write(store, generation, &mut batch)? {
                Room::Made(written) => return Ok(written),
                Room::Wait => room.await,
            }
        }
    }

    /// Buffers a batch of one user key that depends on nothing that was read, as [`lock`](Self::lock) and [`write`](Self::write) do.
    pub(crate) async fn write_unread(
        &self,
        store: u32,
        key: Bytes,
        mut batch: Batch,
    ) -> Result<Written> {
        self.check_lengths(&batch)?;
        let key = LockedKey(store, key);
        let written = self.locks.if_free(&key, || self.try_write(store, None, &mut batch));
        if let Some(Room::Made(written)) = written.transpose()? {
            return Ok(written);
        }
        let _locked = self.lock(store, [key.1]).await?;
        self.write_when_there_is_room(store, None, batch).await
    }

    /// Checks the length of a user's value against the portable or, if so configured, the backend's limit.
    pub(crate) fn check_value(&self, value: &[u8]) -> Result<()> {
        let limit = self.value_limit();
        if value.len() <= limit {
            return Ok(());
        }
        let message = format!("a value of {} bytes is above the limit of {limit}", value.len());
        Err(Error::new(ErrorKind::TooLarge, message))
    }

    fn value_limit(&self) -> usize {
        let native = self.writer.capabilities().max_value_bytes;
        let portable = PORTABLE_VALUE_BYTES.min(native);
        if self.config.native_limits { native } else { portable }
    }

    fn check_lengths(&self, batch: &Batch) -> Result<()> {
        let native = self.writer.capabilities();
        let limit = self.value_limit().saturating_add(LAYOUT_BYTES).min(native.max_value_bytes);
        for (_, key, put) in &batch.writes {
            if key.len() > native.max_key_bytes {
                let message = format!(
                    "{} takes stored keys of {} bytes, got one of {}",
                    native.backend,
                    native.max_key_bytes,
                    key.len()
                );
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
            let length = put.as_ref().map_or(0, |put| put.value.len());
            if length > limit {
                let message = format!(
                    "a value of {length} bytes for a key of {} bytes is above the limit of {limit}",
                    key.len()
                );
                return Err(Error::new(ErrorKind::TooLarge, message));
            }
        }
        Ok(())
    }

    /// `generation` is that of what was read; none where nothing was.
    fn try_write(&self, store: u32, generation: Option<u64>, batch: &mut Batch) -> Result<Room> {
        let mut state = self.state.lock();
        state.check(&self.task)?;
        if generation.is_some_and(|generation| generation != state.generation) {
            let message = format!("task {} was rolled back during the operation", self.task);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        // The batch stays as it is until there is room: a try after a wait may see another stream time, also an earlier one.
        let (mut stream_time, mut floor) = (batch.stream_time, batch.floor);
        if let Some((time, retention)) = batch.event {
            let known = state.store(store).stream_time.max(Some(time));
            if !retention.is_live(time, known) && !sabotage::is_on("engine::late-kept") {
                *state.late.entry(store).or_default() += 1;
                return Ok(Room::Made(Written::Late));
            }
            stream_time = stream_time.max(known);
            floor = floor.max(Some(retention.segment(retention.live_from(known))));
        }
        let map = |segment: Option<i64>| MapId { store, segment };
        let writes = &batch.writes;
        let mut puts = writes.iter().filter(|(.., put)| put.is_some());
        if let Some((segment, ..)) = puts.find(|(s, ..)| state.is_dropped(map(*s))) {
            let name = &state.store(store).spec.name;
            let segment = segment.unwrap_or_default();
            let message = format!("segment {segment} of store {name} is dropped");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        // What is dropped cannot be deleted again, and need not be.
        let is_kept = |state: &State, segment: Option<i64>, put: &Option<Put>| {
            put.is_some() || !state.is_dropped(map(segment))
        };
        let kept = writes.iter().filter(|(segment, _, put)| is_kept(&state, *segment, put));
        let weight = kept.map(|(_, key, put)| Buffer::weight(key.len(), put.as_ref()));
        let weight = weight.sum::<usize>();
        let limit = self.config.uncommitted_hard_bytes;
        if weight > limit {
            let message =
                format!("writes of {weight} bytes are above uncommitted_hard_bytes, {limit}");
            return Err(Error::new(ErrorKind::TooLarge, message));
        }
        let grown = state.buffered_bytes() + weight;
        let replaced = || {
            let keys = writes.iter().map(|(segment, key, _)| (map(*segment), key));
            state.active.weight_of(&keys.collect())
        };
        if grown > limit && grown - replaced() > limit {
            if state.drivers > 0 {
                return Ok(Room::Wait);
            }
            return Err(self.buffer_full());
        }
        for (segment, key, put) in std::mem::take(&mut batch.writes) {
            if is_kept(&state, segment, &put) {
                state.write((map(segment), key, put));
            }
        }
        if stream_time.is_some() {
            let known = &mut state.store(store).stream_time;
            *known = (*known).max(stream_time);
        }
        if let Some(floor) = floor {
            state.drop_below(store, floor);
        }
        Ok(Room::Made(Written::Stored))
    }

    fn buffer_full(&self) -> Error {
        Error::new(
            ErrorKind::BufferFull,
            format!(
                "task {} has reached {} bytes of uncommitted writes: commit or roll back, outside of units",
                self.task, self.config.uncommitted_hard_bytes
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Batch, Engine, Room};
    use crate::{
        backend::{Put, StoreSpec, TaskId},
        engine::{Cache, EngineConfig},
        event_time::Retention,
        memory::MemoryBackend,
    };

    /// A rollback may come between two tries, and then stream time is earlier at the second one.
    #[tokio::test]
    async fn a_batch_that_waits_stays_as_it_was() {
        let config = EngineConfig { uncommitted_hard_bytes: 1500, ..EngineConfig::default() };
        let spec = StoreSpec::new("a".parse().unwrap(), "test/1", "bytes", "raw");
        let (task, cache) = (TaskId::new("app", 0).unwrap(), Arc::new(Cache::new(0)));
        let backend = MemoryBackend::new();
        let engine = Engine::open(&backend, task, vec![spec], config, cache).await.unwrap();
        let (store, _) = engine.store("a").unwrap();
        let put =
            |segment, bytes| (Some(segment), Bytes::new(), Some(Put::new(vec![0; bytes].into())));
        let mut full = Batch {
            writes: vec![put(9, 600)],
            stream_time: Some(90),
            floor: Some(5),
            ..Batch::default()
        };
        assert!(matches!(engine.try_write(store, None, &mut full), Ok(Room::Made(_))));
        engine.state.lock().drivers = 1;
        let event = Some((95, Retention::new(20, 10)));
        let writes = vec![(Some(1), Bytes::new(), None), put(8, 600)];
        let mut waiting = Batch { writes: writes.clone(), event, ..Batch::default() };
        assert!(matches!(engine.try_write(store, None, &mut waiting), Ok(Room::Wait)));
        assert_eq!((waiting.stream_time, waiting.floor, waiting.event), (None, None, event));
        assert_eq!(waiting.writes, writes);
    }
}
