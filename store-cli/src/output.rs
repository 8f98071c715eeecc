//! Standard output: tables for people, JSON lines for programs.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::Failure;

/// Where a command writes.
pub(crate) struct Output {
    json: bool,
    out: BufWriter<Stdout>,
}

impl Output {
    /// JSON where asked for, and where the output is no terminal.
    pub(crate) fn new(json: bool) -> Self {
        let stdout = io::stdout();
        Self { json: json || !stdout.is_terminal(), out: BufWriter::new(stdout) }
    }

    /// Whether JSON lines are wanted.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Writes one JSON line.
    pub(crate) fn json(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, line).map_err(io::Error::from)?;
        Ok(self.out.write_all(b"\n")?)
    }

    /// Writes one line for people.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{line}")?)
    }

    /// Writes aligned columns for people, under their titles where there are some.
    pub(crate) fn table(
        &mut self,
        titles: &[&str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Result<(), Failure> {
        let table = table(titles, rows);
        table.lines().try_for_each(|line| self.line(line))
    }

    /// Makes sure that everything is written.
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.out.flush()?)
    }
}

/// Aligned columns, under their titles where there are some.
pub(crate) fn table(titles: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if !titles.is_empty() {
        table.set_header(titles);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    // Padding at the ends of lines would wrap on a narrow terminal.
    let lines: Vec<_> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
