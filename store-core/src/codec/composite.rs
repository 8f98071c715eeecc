//! Byte strings that end by themselves, for keys of several parts.
//!
//! `00` becomes `00 ff` and `00 00` ends the string: order is kept, a string before its extensions.

use crate::{Error, ErrorKind, Result};

const ESCAPE: u8 = 0x00;
const ESCAPED: u8 = 0xff;
const END: u8 = 0x00;

/// Appends a byte string that ends by itself.
pub(crate) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len() + 2);
    for &byte in bytes {
        out.push(byte);
        if byte == ESCAPE {
            out.push(ESCAPED);
        }
    }
    out.extend([ESCAPE, END]);
}

/// Takes a byte string from the front.
pub(crate) fn unescape(bytes: &mut &[u8]) -> Result<Vec<u8>> {
    let mut taken = Vec::new();
    loop {
        let (byte, rest) = bytes.split_first().ok_or_else(truncated)?;
        *bytes = rest;
        if *byte != ESCAPE {
            taken.push(*byte);
            continue;
        }
        let (mark, rest) = bytes.split_first().ok_or_else(truncated)?;
        *bytes = rest;
        match *mark {
            END => return Ok(taken),
            ESCAPED => taken.push(ESCAPE),
            _ => return Err(malformed("an escape is broken")),
        }
    }
}

/// Takes so many bytes from the front.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().ok_or_else(truncated)?;
    *bytes = rest;
    Ok(*taken)
}

fn truncated() -> Error {
    malformed("it is too short")
}

pub(crate) fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Decode, format!("cannot decode a stored key: {what}"))
}
