//! What the operating system says of this process and of a directory.

use std::{fs, io, path::Path};

use anyhow::{Context, Result};

/// Resident memory in bytes.
pub(crate) fn resident_bytes() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kilobytes * 1024)
}

/// Open file descriptors.
pub(crate) fn open_files() -> Result<u64> {
    Ok(fs::read_dir("/proc/self/fd")?.count() as u64)
}

/// Bytes that a directory takes on disk; holes in files do not count.
pub(crate) fn disk_bytes(dir: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // A background thread may have removed the file since it was listed.
        let Ok(metadata) = entry.metadata() else { continue };
        total += if metadata.is_dir() {
            disk_bytes(&entry.path()).unwrap_or(0)
        } else {
            metadata.blocks() * 512
        };
    }
    Ok(total)
}

/// Bytes that this process has sent to disk so far.
pub(crate) fn written_bytes() -> Result<u64> {
    let counters = fs::read_to_string("/proc/self/io")?;
    let line = counters
        .lines()
        .find_map(|line| line.strip_prefix("write_bytes: "))
        .context("no write_bytes")?;
    Ok(line.parse()?)
}
