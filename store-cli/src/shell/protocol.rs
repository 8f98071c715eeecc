//! The conversation: lines in, lines out.

use std::io::{self, BufRead, ErrorKind, Read, Write};

use tokio::runtime::Handle;

use super::{Reply, Session, members::invalid};

/// The longest line that is read, in bytes: what the hard memory limit of a task holds, in hexadecimal digits.
pub const MAX_LINE_BYTES: u64 = 256 << 20;

/// Buffers above this size are given back between lines.
const KEPT_BYTES: usize = 1 << 20;

enum Line {
    End,
    Whole,
    TooLong,
}

/// Answers line after line until the input ends or nobody reads the output; then closes the session.
///
/// Each reply is one line, flushed. A line above `max_line_bytes` is skipped and answered `InvalidArgument`.
pub fn serve(
    runtime: &Handle,
    session: &mut Session,
    mut input: impl BufRead,
    mut output: impl Write,
    max_line_bytes: u64,
) -> io::Result<()> {
    let mut line = Vec::new();
    let served = loop {
        let reply = match read_line(&mut input, &mut line, max_line_bytes) {
            Ok(Line::End) => break Ok(()),
            Ok(Line::Whole) => runtime.block_on(session.reply(&line)),
            Ok(Line::TooLong) => too_long(max_line_bytes),
            Err(error) => break Err(error),
        };
        line.clear();
        line.shrink_to(KEPT_BYTES);
        match output.write_all(&reply.to_line()).and_then(|()| output.flush()) {
            Ok(()) => {}
            // Nobody is there for the replies: as if the input had ended.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = runtime.block_on(session.close()) {
        tracing::warn!(%error, "closing the task at the end of input");
    }
    served
}

fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, max: u64) -> io::Result<Line> {
    input.by_ref().take(max.saturating_add(1)).read_until(b'\n', line)?;
    if line.is_empty() {
        return Ok(Line::End);
    }
    if line.last() == Some(&b'\n') || line.len() as u64 <= max {
        return Ok(Line::Whole);
    }
    input.skip_until(b'\n')?;
    Ok(Line::TooLong)
}

fn too_long(max: u64) -> Reply {
    let message = format!("the line is longer than {max} bytes and was skipped: send less at once");
    Reply::from(Err(invalid(message)))
}

#[cfg(test)]
mod tests {
    use super::{Line, read_line};

    #[test]
    fn lines_are_cut_at_their_end_and_skipped_when_too_long() {
        let mut input = &b"four\n\nfive!\nlast"[..];
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            match read_line(&mut input, &mut line, 4).unwrap() {
                Line::End => break,
                Line::Whole => lines.push(String::from_utf8(line).unwrap()),
                Line::TooLong => lines.push("too long".to_owned()),
            }
        }
        assert_eq!(lines, ["four\n", "\n", "too long", "last"]);
    }
}
