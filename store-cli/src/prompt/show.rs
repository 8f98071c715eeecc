//! Answers as people read them.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use store::{Error, backend::StoreSpec};

use crate::{
    failure::chain,
    output::table,
    shell::{Value, operation::Operation},
    text::{Shown, cut},
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const QUIET: Style = Style::new().dimmed();

/// What an operation answered, without the end of the line.
pub(super) fn answer(operation: &Operation, value: &Value) -> String {
    match value {
        Value::Null if operation.reads => quiet("(none)"),
        Value::Null => quiet("ok"),
        Value::List(rows) => {
            let cells = |row: &Value| match row {
                Value::List(cells) => cells.iter().map(|cell| cut(&plain(cell))).collect(),
                cell => vec![plain(cell)],
            };
            let counted = quiet(&match rows.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            });
            let mut shown = lines(&table(&[], rows.iter().map(cells)));
            let _ = write!(shown, "{counted}");
            shown
        }
        Value::Object(members) => {
            let row = |(name, value): &(String, Value)| vec![name.clone(), plain(value)];
            lines(&table(&[], members.iter().map(row))).trim_end().to_owned()
        }
        other => plain(other),
    }
}

fn lines(table: &str) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::Bytes(bytes) => Shown::Bytes(bytes.clone()).to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        Value::Object(members) if members.is_empty() => "(none)".to_owned(),
        Value::Object(members) => {
            let member = |(name, value): &(String, Value)| format!("{name}={}", plain(value));
            members.iter().map(member).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Stores and what they are.
pub(super) fn stores(specs: &[StoreSpec]) -> String {
    let row = |spec: &StoreSpec| {
        let StoreSpec { name, kind, key_codec, value_codec, .. } = spec;
        vec![name.to_string(), kind.clone(), key_codec.clone(), value_codec.clone()]
    };
    let table = table(&["STORE", "KIND", "KEYS", "VALUES"], specs.iter().map(row));
    lines(&table).trim_end().to_owned()
}

/// An error and its causes, in colour where the terminal has some.
pub(super) fn error(error: &Error) -> String {
    format!("{BAD}{}{BAD:#}: {}", error.kind(), chain(error))
}

/// What is less important.
pub(super) fn quiet(text: &str) -> String {
    format!("{QUIET}{text}{QUIET:#}")
}
