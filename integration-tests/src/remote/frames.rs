//! Messages on a pipe: their length in four bytes, then MessagePack.

use std::io::{Read, Result, Write};

use serde::{Serialize, de::DeserializeOwned};

pub(super) fn write(to: &mut impl Write, message: &impl Serialize) -> Result<()> {
    let bytes = rmp_serde::to_vec_named(message).map_err(std::io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
    to.write_all(&length.to_be_bytes())?;
    to.write_all(&bytes)?;
    to.flush()
}

pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(std::io::Error::other)?;
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    rmp_serde::from_slice(&bytes).map_err(std::io::Error::other)
}
