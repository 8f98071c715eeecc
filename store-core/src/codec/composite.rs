//! Byte strings that end by themselves, for keys of several parts.
//!
//! `00` becomes `00 ff` and `00 00` ends the string: order is kept, a string before its extensions. Window and session
//! keys are pairs and triples of this kind: `(Bytes, i64)`, `(Bytes, i64, i64)`, with the whole encoded key first.

use crate::{Error, ErrorKind, Result};

const ESCAPE: u8 = 0x00;
const ESCAPED: u8 = 0xff;
const END: u8 = 0x00;

/// Room made for what comes behind a byte string: the two times of a session.
const BEHIND: usize = 16;

/// Appends a byte string that ends by itself.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let zeros = bytes.iter().filter(|byte| **byte == ESCAPE).count();
    out.reserve(bytes.len() + zeros + 2 + BEHIND);
    let mut pieces = bytes.split(|byte| *byte == ESCAPE);
    out.extend(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.extend([ESCAPE, ESCAPED]);
        out.extend(piece);
    }
    out.extend([ESCAPE, END]);
}

/// Takes a byte string from the front.
pub(super) fn unescape(bytes: &mut &[u8]) -> Result<Vec<u8>> {
    let mut taken = Vec::new();
    loop {
        let at = bytes.iter().position(|byte| *byte == ESCAPE).ok_or_else(truncated)?;
        let (piece, rest) = bytes.split_at(at);
        taken.extend(piece);
        *bytes = rest;
        match take(bytes)? {
            [ESCAPE, END] => return Ok(taken),
            [_, ESCAPED] => taken.push(ESCAPE),
            _ => return Err(malformed("an escape is broken")),
        }
    }
}

/// Takes so many bytes from the front.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(truncated)?;
    *bytes = rest;
    Ok(*taken)
}

fn truncated() -> Error {
    malformed("it is too short")
}

/// A key, or a part of one, that no key encodes to.
pub(super) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Decode, what)
}
