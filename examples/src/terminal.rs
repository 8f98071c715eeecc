//! What the programs show: how far they are, and their results.

use std::io::{ErrorKind, Write, stdout};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar for bytes, at nought.
pub fn bytes_bar() -> Result<ProgressBar> {
    let style = ProgressStyle::with_template(
        "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}",
    )?;
    Ok(ProgressBar::new(0).with_style(style))
}

/// Prints a text. A reader such as `head` may leave early; that is no error.
pub fn print(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}
