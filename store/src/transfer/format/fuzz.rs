//! Feeds any bytes to the decoder.

use super::{Decoder, Encoder, Part, frame::FrameWriter};

/// Decodes bytes as a stream, and as the frames of one whose check values are right: what is taken comes back the same.
pub(crate) fn streams(bytes: &[u8]) {
    again(bytes);
    if let Some(stream) = sealed(bytes) {
        again(&stream);
    }
}

/// Frames of a kind, two bytes of length and a payload, with the head and the check values that belong to them.
fn sealed(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut frames = FrameWriter::new(Vec::new()).ok()?;
    while let [kind, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        frames.write(*kind, payload).ok()?;
        bytes = rest;
    }
    frames.flush().ok()
}

fn again(stream: &[u8]) {
    let (parts, whole) = parts(stream);
    let mut encoder = Encoder::new(Vec::new()).expect("memory takes all bytes");
    for part in &parts {
        let encoded = match part {
            Part::Task(task, checkpoint) => encoder.task(task, checkpoint),
            Part::Entries(map, entries) => {
                let entry = |(key, value): &(_, _)| (*map, Clone::clone(key), Clone::clone(value));
                encoder.entries(&entries.iter().map(entry).collect::<Vec<_>>())
            }
            Part::TaskEnd(content) => encoder.task_end(content),
            Part::End => Ok(()),
        };
        encoded.expect("what was read is not too large");
    }
    if whole {
        let encoded = encoder.end().expect("memory takes all bytes");
        assert_eq!(self::parts(&encoded), (parts, true), "a stream comes back the same");
    }
}

/// What can be read of a stream, and whether it is whole.
fn parts(stream: &[u8]) -> (Vec<Part>, bool) {
    let mut parts = Vec::new();
    let Ok(mut decoder) = Decoder::new(stream) else { return (parts, false) };
    while let Ok(part) = decoder.next() {
        let end = part == Part::End;
        parts.push(part);
        if end {
            return (parts, true);
        }
    }
    (parts, false)
}
