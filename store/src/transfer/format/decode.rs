//! From frames to tasks and entries, checked against all that they say of each other.

use std::io::Read;

use bytes::{Buf, Bytes};
use store_core::{
    Result,
    backend::{Checkpoint, MapId, TaskId},
};

use super::{END, ENTRIES, TASK, TASK_END, frame::FrameReader};
use crate::transfer::content::{ContentHasher, TaskContent};

/// Reads a stream.
pub(crate) struct Decoder<R> {
    frames: FrameReader<R>,
    /// The task whose entries come now.
    task: Option<ContentHasher>,
    tasks: u32,
    ended: bool,
}

/// What a stream has next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// A task begins.
    Task(TaskId, Checkpoint),
    /// Entries of one map.
    Entries(MapId, Vec<(Bytes, Bytes)>),
    /// The task ends, and was what it says.
    TaskEnd(TaskContent),
    /// The stream ends.
    End,
}

impl<R: Read> Decoder<R> {
    /// Reads the head. `InvalidArgument` for something else, `SchemaMismatch` for another version.
    pub(crate) fn new(input: R) -> Result<Self> {
        Ok(Self { frames: FrameReader::new(input)?, task: None, tasks: 0, ended: false })
    }

    /// The next part. `Corrupt` where anything is damaged, missing or out of order.
    pub(crate) fn next(&mut self) -> Result<Part> {
        if self.ended {
            return Ok(Part::End);
        }
        let (kind, payload) = self.frames.read()?;
        let mut payload = Bytes::from(payload);
        let part = match (kind, self.task.is_some()) {
            (TASK, false) => self.task(&mut payload)?,
            (ENTRIES, true) => self.entries(&mut payload)?,
            (TASK_END, true) => self.task_end(&mut payload)?,
            (END, false) => self.end(&mut payload)?,
            _ => None,
        };
        part.filter(|_| payload.is_empty()).ok_or_else(|| self.frames.damaged())
    }

    fn task(&mut self, payload: &mut Bytes) -> Result<Option<Part>> {
        let task = || -> Option<TaskId> {
            let name = take_bytes(payload)?;
            let partition = payload.try_get_u32().ok()?;
            TaskId::new(std::str::from_utf8(&name).ok()?, partition).ok()
        };
        let Some(task) = { task }() else { return Ok(None) };
        let checkpoint = Checkpoint::decode(&payload.split_to(payload.len()))?;
        if checkpoint.unfinished.is_some() {
            return Ok(None);
        }
        self.tasks += 1;
        self.task = Some(ContentHasher::new(task.clone(), checkpoint.clone()));
        Ok(Some(Part::Task(task, checkpoint)))
    }

    fn entries(&mut self, payload: &mut Bytes) -> Result<Option<Part>> {
        let Some(map) = take_map(payload) else { return Ok(None) };
        let Some(hasher) = &mut self.task else { return Ok(None) };
        let mut entries = Vec::new();
        while !payload.is_empty() {
            let entry = take_bytes(payload).zip(take_bytes(payload));
            let Some((key, value)) = entry else { return Ok(None) };
            hasher.add(map, &key, &value)?;
            entries.push((key, value));
        }
        Ok((!entries.is_empty()).then_some(Part::Entries(map, entries)))
    }

    fn task_end(&mut self, payload: &mut Bytes) -> Result<Option<Part>> {
        let Some(content) = self.task.take().map(ContentHasher::finish) else { return Ok(None) };
        let entries = payload.try_get_u64().ok();
        let mut hash = [0; 32];
        let hashed = payload.try_copy_to_slice(&mut hash).is_ok();
        let same = hashed && entries == Some(content.entries()) && hash == *content.hash.as_bytes();
        Ok(same.then_some(Part::TaskEnd(content)))
    }

    fn end(&mut self, payload: &mut Bytes) -> Result<Option<Part>> {
        if payload.try_get_u32().ok() != Some(self.tasks) {
            return Ok(None);
        }
        self.frames.end()?;
        self.ended = true;
        Ok(Some(Part::End))
    }
}

fn take_map(payload: &mut Bytes) -> Option<MapId> {
    let store = payload.try_get_u32().ok()?;
    let timed = payload.try_get_u8().ok()?;
    match (timed, payload.try_get_i64().ok()?) {
        (0, 0) => Some(MapId::whole(store)),
        (1, segment) => Some(MapId::segment(store, segment)),
        _ => None,
    }
}

fn take_bytes(payload: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(payload.try_get_u32().ok()?).ok()?;
    (length <= payload.len()).then(|| payload.split_to(length))
}
