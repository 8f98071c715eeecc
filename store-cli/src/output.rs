//! Rows: a table for people, JSON lines for programs.

use std::io::{self, Write};

use comfy_table::{Table, presets::NOTHING};
use serde_json::{Map, Value};

/// Where rows go. JSON is printed row by row; a table is printed when it is done.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

/// Rows between two tables, so that a long scan does not gather in memory.
const TABLE_ROWS: usize = 1000;

/// Rows of the same columns.
#[derive(Debug)]
pub(crate) struct Rows {
    json: bool,
    columns: &'static [&'static str],
    table: Option<Table>,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn rows(&self, columns: &'static [&'static str]) -> Rows {
        Rows { json: self.json, columns, table: None }
    }
}

impl Rows {
    pub(crate) fn add<const N: usize>(&mut self, cells: [Value; N]) -> io::Result<()> {
        if self.json {
            let names = self.columns.iter().map(|&name| name.to_owned());
            let row = Value::Object(Map::from_iter(names.zip(cells)));
            return writeln!(io::stdout().lock(), "{row}");
        }
        let columns = self.columns;
        let table = self.table.get_or_insert_with(|| {
            let mut table = Table::new();
            table.load_preset(NOTHING).set_header(columns);
            table
        });
        table.add_row(cells.map(|cell| plain(&cell)));
        if table.row_count() >= TABLE_ROWS { self.finish() } else { Ok(()) }
    }

    /// Prints what has not been printed yet.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let table = self.table.take();
        table.map_or(Ok(()), |table| writeln!(io::stdout().lock(), "{}", table.trim_fmt()))
    }
}

fn plain(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        // A control character could do anything to a terminal.
        Value::String(text) => text.escape_debug().to_string(),
        Value::Object(object) if object.len() == 1 && object.contains_key("hex") => {
            format!("hex:{}", object["hex"].as_str().unwrap_or_default())
        }
        other => other.to_string(),
    }
}
