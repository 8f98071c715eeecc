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
        Value::List(rows) => {
            let cells = |row: &Value| match row {
                Value::List(cells) => cells.iter().map(|cell| cut(&plain(cell))).collect(),
                cell => vec![plain(cell)],
            };
            let counted = quiet(&match rows.len() {
                1 => "1 entry".to_owned(),
                count => format!("{count} entries"),
            });
            if rows.is_empty() {
                return counted;
            }
            format!("{}\n{counted}", table(&[], rows.iter().map(cells)))
        }
        Value::Object(members) => {
            let row = |(name, value): &(String, Value)| vec![name.clone(), plain(value)];
            table(&[], members.iter().map(row))
        }
        other => plain(other),
    }
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
        let row = |key, value| Value::List(vec![bytes(key), bytes(value)]);
        let rows = Value::List(vec![row(b"a", b"1"), row(b"\x00\xff", b"")]);
        assert_eq!(shown("range", rows), "a         1\nhex:00ff\n2 entries");
        let offsets = Value::Object(vec![("t-0".to_owned(), Value::Number(4))]);
        let checkpoint = [("sequence", Value::Number(2)), ("offsets", offsets)];
        let checkpoint = checkpoint.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(shown("checkpoint", Value::Object(checkpoint)), "sequence  2\noffsets   t-0=4");
    }
}
