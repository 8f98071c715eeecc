//! The protocol over a pair of streams.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Session;

/// The longest line that is read, in bytes; four values at the limit, written in hexadecimal, fit.
const MAX_LINE_BYTES: u64 = 80 << 20;

/// Answers line after line, in order, each flushed, until the input ends; what is uncommitted then is discarded.
///
/// Empty lines are passed over. A line that is too long is answered and skipped.
pub async fn serve(
    mut session: Session,
    mut input: impl AsyncBufRead + Unpin + Send,
    mut output: impl AsyncWrite + Unpin + Send,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut input).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(());
        }
        let whole = line.ends_with(b"\n") || (line.len() as u64) < MAX_LINE_BYTES;
        if !whole {
            skip_line(&mut input).await?;
            // No JSON, so it is answered with an error.
            line.truncate(1);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut reply = session.answer(&line).await;
        reply.push('\n');
        output.write_all(reply.as_bytes()).await?;
        output.flush().await?;
    }
}

async fn skip_line(input: &mut (impl AsyncBufRead + Unpin + Send)) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf().await?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}
