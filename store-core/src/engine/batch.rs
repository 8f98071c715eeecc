//! Writes that belong together.

use bytes::Bytes;

use super::{
    Engine,
    buffer::{Buffer, Write},
};
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
    /// Buffers a batch for the store of this number, if nothing was rolled back since `generation`.
    ///
    /// Waits at the hard memory limit for a commit that is on its way. Dropping the future writes nothing.
    pub(crate) async fn write(
        &self,
        store: u32,
        generation: u64,
        mut batch: Batch,
    ) -> Result<Written> {
        self.check_lengths(&batch)?;
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

    fn try_write(&self, store: u32, generation: u64, batch: &mut Batch) -> Result<Room> {
        let mut state = self.state.lock();
        state.check(&self.task)?;
        if state.generation != generation {
            let message = format!("task {} was rolled back during the operation", self.task);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if let Some((time, retention)) = batch.event {
            let known = state.store(store).stream_time;
            let stream_time = known.max(Some(time));
            if !retention.is_live(time, stream_time) && !sabotage::is_on("engine::late-kept") {
                *state.late.entry(store).or_default() += 1;
                return Ok(Room::Made(Written::Late));
            }
            batch.stream_time = batch.stream_time.max(stream_time);
            batch.floor =
                batch.floor.max(Some(retention.segment(retention.live_from(stream_time))));
        }
        let map = |segment: Option<i64>| MapId { store, segment };
        // What is dropped cannot be deleted again, and need not be.
        batch.writes.retain(|(segment, _, put)| put.is_some() || !state.is_dropped(map(*segment)));
        let writes = &batch.writes;
        if let Some((segment, ..)) = writes.iter().find(|(s, ..)| state.is_dropped(map(*s))) {
            let name = &state.store(store).spec.name;
            let segment = segment.unwrap_or_default();
            let message = format!("segment {segment} of store {name} is dropped");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let weight = writes.iter().map(|(_, key, put)| Buffer::weight(key.len(), put.as_ref()));
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
        let Batch { writes, stream_time, floor, .. } = std::mem::take(batch);
        for (segment, key, put) in writes {
            let write: Write = (map(segment), key, put);
            state.write(write);
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
