//! From tasks and entries to frames.

use std::io::Write;

use bytes::Bytes;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Checkpoint, MapId, TaskId},
};

use super::{END, ENTRIES, TASK, TASK_END, frame::FrameWriter};
use crate::transfer::content::TaskContent;

/// Writes a stream.
#[derive(Debug)]
pub(crate) struct Encoder<W> {
    frames: FrameWriter<W>,
    tasks: u32,
}

impl<W: Write> Encoder<W> {
    pub(crate) fn new(out: W) -> Result<Self> {
        Ok(Self { frames: FrameWriter::new(out)?, tasks: 0 })
    }

    /// Begins a task.
    pub(crate) fn task(&mut self, task: &TaskId, checkpoint: &Checkpoint) -> Result<()> {
        let name = task.application.as_str().as_bytes();
        let mut payload = Vec::new();
        put_bytes(&mut payload, name)?;
        payload.extend(task.partition.to_be_bytes());
        payload.extend(&checkpoint.encode()[..]);
        self.tasks += 1;
        self.frames.write(TASK, &payload)
    }

    /// Writes entries of the task, by map and in a map by key: a frame for each map.
    pub(crate) fn entries(&mut self, entries: &[(MapId, Bytes, Bytes)]) -> Result<()> {
        for entries in entries.chunk_by(|(one, ..), (other, ..)| one == other) {
            let mut payload = Vec::new();
            let [(map, ..), ..] = entries else { continue };
            payload.extend(map.store.to_be_bytes());
            payload.push(u8::from(map.segment.is_some()));
            payload.extend(map.segment.unwrap_or(0).to_be_bytes());
            for (_, key, value) in entries {
                put_bytes(&mut payload, key)?;
                put_bytes(&mut payload, value)?;
            }
            self.frames.write(ENTRIES, &payload)?;
        }
        Ok(())
    }

    /// Ends the task.
    pub(crate) fn task_end(&mut self, content: &TaskContent) -> Result<()> {
        let mut payload = content.entries().to_be_bytes().to_vec();
        payload.extend(content.hash.as_bytes());
        self.frames.write(TASK_END, &payload)
    }

    /// Ends the stream and gives back what it was written to, flushed.
    pub(crate) fn end(mut self) -> Result<W> {
        self.frames.write(END, &self.tasks.to_be_bytes())?;
        self.frames.flush()
    }
}

fn put_bytes(payload: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|error| {
        let message =
            format!("a key or value of {} bytes is above what an export can hold", bytes.len());
        Error::new(ErrorKind::TooLarge, message).with_source(error)
    })?;
    payload.extend(length.to_be_bytes());
    payload.extend(bytes);
    Ok(())
}
