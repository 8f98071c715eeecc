//! A file of flights that is read on from where the last commit left it.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek},
    os::unix::fs::FileExt,
    path::Path,
};

use anyhow::{Context, Result, anyhow, ensure};
use csv::{ErrorKind, Position, Reader, ReaderBuilder, StringRecord};

use super::row::{Columns, Flight};

/// The rows of a file.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    length: u64,
    reader: Reader<File>,
    columns: Columns,
    row: StringRecord,
    row_start: u64,
}

impl Source {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let path =
            path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
        let name = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        let file = File::open(&path).with_context(|| format!("cannot open {name}"))?;
        let length = file.metadata()?.len();
        let mut reader = ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(file);
        let header = reader.headers().with_context(|| format!("cannot read {name}"))?;
        let columns = Columns::of(header).with_context(|| format!("cannot read {name}"))?;
        let (name, row_start) = (name.to_owned(), reader.position().byte());
        Ok(Self { name, length, reader, columns, row: StringRecord::new(), row_start })
    }

    /// What its position is kept under.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes, when it was opened.
    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Where the next row begins, in bytes.
    pub(super) fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// Goes to a position of an earlier run, if this is still the file whose row before it was `last`.
    pub(super) fn resume(&mut self, position: u64, last: &str) -> Result<()> {
        let (name, length) = (self.name.clone(), self.length);
        ensure!(
            position <= length,
            "{name} has {length} bytes, but {position} were processed before: process it into another state"
        );
        let begin = position.saturating_sub(last.len() as u64);
        ensure!(
            self.bytes(begin, position)? == last.as_bytes(),
            "{name} is another file than the one processed before: process it into another state"
        );
        if position < length && !last.ends_with(END) {
            // A last row without its end was processed: what follows may be the rest of it.
            ensure!(
                self.bytes(position, position + 1)?.as_slice().trim_ascii().is_empty(),
                "{name} goes on in a row that was processed: process it into another state"
            );
        }
        let mut to = Position::new();
        to.set_byte(position);
        self.reader.seek(to).with_context(|| format!("cannot go to byte {position} of {name}"))
    }

    /// The next row; the error names its line and column, and is the end.
    pub(super) fn next(&mut self) -> Result<Option<Flight>> {
        let row_start = self.position();
        let read = match self.reader.read_record(&mut self.row) {
            // What was read last stays so.
            Ok(false) => return Ok(None),
            read => read,
        };
        self.row_start = row_start;
        let flight = match read {
            Ok(_) => self.columns.flight(&self.row),
            Err(error) => Err(self.explain(error)),
        };
        match flight {
            Ok(flight) => Ok(Some(flight)),
            Err(error) => Err(self.in_row(error)),
        }
    }

    /// Adds to an error which row it was: the one that was read last. Nothing can be read afterwards.
    pub(super) fn in_row(&self, error: anyhow::Error) -> anyhow::Error {
        let line = self.line().map_or_else(|_| "?".to_owned(), |line| line.to_string());
        error.context(format!("cannot process line {line} of {}", self.name))
    }

    /// The text of the row that was read last, its end included.
    pub(super) fn last_row(&self) -> Result<String> {
        let row = self.bytes(self.row_start, self.position());
        let row = row.with_context(|| format!("cannot read {} again", self.name))?;
        String::from_utf8(row).with_context(|| format!("{} has changed meanwhile", self.name))
    }

    fn bytes(&self, from: u64, to: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(to - from)?];
        self.reader.get_ref().read_exact_at(&mut bytes, from)?;
        Ok(bytes)
    }

    /// Without positions, which count from where reading went on.
    fn explain(&mut self, error: csv::Error) -> anyhow::Error {
        match error.kind() {
            ErrorKind::UnequalLengths { expected_len, len, .. } => {
                anyhow!("{len} columns, but the header has {expected_len}")
            }
            ErrorKind::Utf8 { err, .. } => {
                let header = self.reader.headers().ok();
                let name = header.and_then(|header| header.get(err.field())).unwrap_or("unknown");
                anyhow!("column {name}: not UTF-8")
            }
            _ => error.into(),
        }
    }

    /// The line of the row that was read last; counted only when asked for.
    fn line(&self) -> io::Result<u64> {
        let mut file = self.reader.get_ref();
        file.rewind()?;
        let mut line = 1;
        for (position, byte) in (0..).zip(BufReader::new(file).bytes()) {
            let byte = byte?;
            if position >= self.row_start && !END.contains(&char::from(byte)) {
                break;
            }
            line += u64::from(byte == b'\n');
        }
        Ok(line)
    }
}

const END: [char; 2] = ['\n', '\r'];
