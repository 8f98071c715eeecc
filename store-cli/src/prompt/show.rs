//! Answers as people read them.

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
        Value::Row(_) => rows(operation, std::slice::from_ref(value)),
        Value::List(list) => {
            let counted = quiet(&match list.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            });
            if list.is_empty() {
                return counted;
            }
            format!("{}\n{counted}", rows(operation, list))
        }
        Value::Object(members) => {
            let row = |(name, value): &(String, Value)| vec![name.clone(), plain(value)];
            table(&[], members.iter().map(row))
        }
        other => plain(other),
    }
}

/// Rows under the names of their parts.
fn rows(operation: &Operation, rows: &[Value]) -> String {
    let cells = |row: &Value| match row {
        Value::Row(cells) => cells.iter().map(|cell| cut(&plain(cell))).collect(),
        cell => vec![plain(cell)],
    };
    let rows: Vec<Vec<_>> = rows.iter().map(cells).collect();
    let width = rows.first().map_or(0, Vec::len);
    let titles = operation.columns.get(..width).unwrap_or_default();
    table(titles, rows)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::Bytes(bytes) => Shown::Bytes(bytes.clone()).to_string(),
        Value::Word(word) => (*word).to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Row(items) | Value::List(items) => {
            items.iter().map(plain).collect::<Vec<_>>().join(" ")
        }
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
    table(&["STORE", "KIND", "KEYS", "VALUES"], specs.iter().map(row))
}

/// An error and its causes, in colour where the terminal has some.
pub(super) fn error(error: &Error) -> String {
    format!("{BAD}{}{BAD:#}: {}", error.kind(), chain(error))
}

/// What is less important.
pub(super) fn quiet(text: &str) -> String {
    format!("{QUIET}{text}{QUIET:#}")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Operation, Value, answer};

    #[test]
    fn answers_read_well() {
        let shown = |name, value| {
            let shown = answer(Operation::named(name).unwrap(), &value);
            anstream::adapter::strip_str(&shown).to_string()
        };
        let bytes = |bytes: &'static [u8]| Value::Bytes(Bytes::from_static(bytes));
        assert_eq!(shown("put", Value::Null), "ok");
        assert_eq!(shown("delete", Value::Null), "(none)");
        assert_eq!(shown("get", bytes(b"\x1b[2J")), r"\u{1b}[2J");
        assert_eq!(shown("count", Value::Number(3)), "3");
        assert_eq!(shown("range", Value::List(Vec::new())), "0 entries");
        let row = |key, value| Value::Row(vec![bytes(key), bytes(value)]);
        let rows = Value::List(vec![row(b"a", b"1"), row(b"\x00\xff", b"")]);
        assert_eq!(shown("range", rows), "KEY       VALUE\na         1\nhex:00ff\n2 entries");
        let version = Value::Row(vec![bytes(b"1"), Value::Number(-5), Value::Null]);
        assert_eq!(shown("versioned_get", version), "VALUE  TIME  VALID_TO\n1      -5    (none)");
        assert_eq!(shown("versioned_put", Value::Word("latest")), "latest");
        let offsets = Value::Object(vec![("t-0".to_owned(), Value::Number(4))]);
        let checkpoint = [("sequence", Value::Number(2)), ("offsets", offsets)];
        let checkpoint = checkpoint.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(shown("checkpoint", Value::Object(checkpoint)), "sequence  2\noffsets   t-0=4");
    }
}
