//! Frames: the head of a stream, and what follows with its check values.

use std::io::{self, ErrorKind as Io, Read, Write};

use store_core::{Error, ErrorKind, Result};

use super::{MAGIC, VERSION};

/// The check value of a frame: the first bytes of a BLAKE3 hash.
type Check = [u8; 16];

/// The longest payload, in bytes.
const MAX_PAYLOAD: usize = 1 << 30;

/// Writes frames.
#[derive(Debug)]
pub(super) struct FrameWriter<W> {
    out: W,
    check: Check,
}

impl<W: Write> FrameWriter<W> {
    /// Writes the head.
    pub(super) fn new(mut out: W) -> Result<Self> {
        let head = head(VERSION);
        out.write_all(&head).map_err(unwritten)?;
        Ok(Self { out, check: cut(blake3::hash(&head)) })
    }

    /// `TooLarge` for a payload that no reader would take.
    pub(super) fn write(&mut self, kind: u8, payload: &[u8]) -> Result<()> {
        let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD);
        let length = length.ok_or_else(|| {
            let message = format!(
                "an entry of about {} bytes is above what an export can hold, {MAX_PAYLOAD}",
                payload.len()
            );
            Error::new(ErrorKind::TooLarge, message)
        })?;
        self.check = check(self.check, kind, length, payload);
        let mut write = |bytes: &[u8]| self.out.write_all(bytes).map_err(unwritten);
        write(&[kind])?;
        write(&length.to_be_bytes())?;
        write(payload)?;
        write(&self.check)
    }

    pub(super) fn flush(mut self) -> Result<W> {
        self.out.flush().map_err(unwritten)?;
        Ok(self.out)
    }
}

/// Reads frames.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    input: R,
    check: Check,
    /// The bytes of whole frames so far, for messages.
    position: u64,
}

impl<R: Read> FrameReader<R> {
    /// Reads the head. `InvalidArgument` for something else, `SchemaMismatch` for another version.
    pub(super) fn new(mut input: R) -> Result<Self> {
        let mut magic = [0; MAGIC.len()];
        let read = fill(&mut input, &mut magic)?;
        if read < magic.len() || magic != MAGIC {
            let message = if read > 0 && magic[..read] == MAGIC[..read] {
                return Err(cut_off(0));
            } else {
                "this is not what `store export` writes, or was changed as text on its way"
            };
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let mut version = [0; 4];
        if fill(&mut input, &mut version)? < version.len() {
            return Err(cut_off(0));
        }
        let version = u32::from_be_bytes(version);
        if version != VERSION {
            let message = format!(
                "the export has format version {version} and this program knows version {VERSION}: use the release that \
                 wrote it, or a newer one"
            );
            return Err(Error::new(ErrorKind::SchemaMismatch, message));
        }
        let head = head(version);
        Ok(Self { input, check: cut(blake3::hash(&head)), position: head.len() as u64 })
    }

    /// The next frame. `Corrupt` for one that is damaged or cut off.
    pub(super) fn read(&mut self) -> Result<(u8, Vec<u8>)> {
        let mut begin = [0; 5];
        self.exactly(&mut begin)?;
        let [kind, length @ ..] = begin;
        let length = u32::from_be_bytes(length);
        if length as usize > MAX_PAYLOAD {
            return Err(self.damaged());
        }
        // Grows as bytes come, so that a damaged length takes no memory.
        let mut payload = Vec::new();
        let mut rest = (&mut self.input).take(u64::from(length));
        rest.read_to_end(&mut payload).map_err(unread)?;
        if payload.len() < length as usize {
            return Err(cut_off(self.position));
        }
        let mut found = Check::default();
        self.exactly(&mut found)?;
        let expected = check(self.check, kind, length, &payload);
        if found != expected {
            return Err(self.damaged());
        }
        self.check = expected;
        self.position += u64::from(length) + OVERHEAD;
        Ok((kind, payload))
    }

    /// `Corrupt` unless there is nothing more.
    pub(super) fn end(&mut self) -> Result<()> {
        if fill(&mut self.input, &mut [0])? == 0 { Ok(()) } else { Err(self.damaged()) }
    }

    pub(super) fn damaged(&self) -> Error {
        let message =
            format!("the export is damaged behind byte {}: use another copy of it", self.position);
        Error::new(ErrorKind::Corrupt, message)
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<()> {
        let read = fill(&mut self.input, bytes)?;
        if read == bytes.len() { Ok(()) } else { Err(cut_off(self.position)) }
    }
}

/// Bytes of a frame beside its payload.
const OVERHEAD: u64 = 1 + 4 + 16;

fn head(version: u32) -> Vec<u8> {
    [&MAGIC[..], &version.to_be_bytes()].concat()
}

fn check(before: Check, kind: u8, length: u32, payload: &[u8]) -> Check {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&before);
    hasher.update(&[kind]);
    hasher.update(&length.to_be_bytes());
    hasher.update(payload);
    cut(hasher.finalize())
}

fn cut(hash: blake3::Hash) -> Check {
    let mut check = Check::default();
    check.copy_from_slice(&hash.as_bytes()[..16]);
    check
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == Io::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
    }
    Ok(filled)
}

fn cut_off(position: u64) -> Error {
    let message = format!("the export ends too early, behind byte {position}: it was cut off");
    Error::new(ErrorKind::Corrupt, message)
}

fn unread(error: io::Error) -> Error {
    Error::new(kind(&error), "cannot read the export").with_source(error)
}

fn unwritten(error: io::Error) -> Error {
    Error::new(kind(&error), "cannot write the export").with_source(error)
}

fn kind(error: &io::Error) -> ErrorKind {
    match error.kind() {
        Io::StorageFull | Io::QuotaExceeded | Io::FileTooLarge => ErrorKind::OutOfSpace,
        Io::NotFound => ErrorKind::NotFound,
        Io::PermissionDenied | Io::ReadOnlyFilesystem => ErrorKind::PermissionDenied,
        _ => ErrorKind::Unavailable,
    }
}
