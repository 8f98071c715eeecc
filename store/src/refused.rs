//! What is wrong with a setting, and what was probably meant. Never its value.

use figment::{
    error::Kind,
    value::{Dict, Value},
};
use store_core::{Error, ErrorKind};

use crate::Config;

/// Sections of backends that may be left out of the program.
const SECTIONS: &[&str] = &["embedded", "redis", "cassandra", "elastic"];

/// The known name nearest to a wrong one, where one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score > 0.6).map(|(_, known)| known)
}

/// The nearest known name as a question, all known names where none is near.
pub(crate) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    nearest(name, known.clone()).map_or_else(
        || format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        |nearest| format!("did you mean {nearest}?"),
    )
}

/// What to do about a backend that this program was built without.
pub(crate) fn left_out(feature: &str) -> String {
    format!("needs the cargo feature `{feature}` of the crate `store`, which this program lacks")
}

/// Says which settings of a source are wrong.
pub(crate) fn refused(source: &str, error: figment::Error) -> Error {
    let messages = error.into_iter().map(|error| message(&error.path, &error.kind));
    let messages = messages.collect::<Vec<_>>().join("; ");
    Error::new(ErrorKind::Config, format!("{source}: {messages}"))
}

fn message(path: &[String], kind: &Kind) -> String {
    let setting = path.join(".");
    match kind {
        Kind::UnknownField(name, known) => unknown(path, name, known),
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            format!("setting {setting} must be {}", in_words(expected))
        }
        Kind::UnknownVariant(_, known) => {
            format!("setting {setting} must be one of {}", known.join(", "))
        }
        _ => format!("setting {setting} cannot be used"),
    }
}

/// The path of an unknown setting may or may not end with its name.
fn unknown(path: &[String], name: &str, known: &[&str]) -> String {
    let section = path.strip_suffix(&[name.to_owned()]).unwrap_or(path).join(".");
    let full = |name: &str| {
        if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
    };
    let hint = match elsewhere(name) {
        _ if section.is_empty() && SECTIONS.contains(&name) => left_out(name),
        Some(setting) => format!("did you mean {setting}?"),
        None => hint(name, known.iter().copied()),
    };
    format!("unknown setting {}: {hint}", full(name))
}

/// A setting of exactly this name, in whatever section.
fn elsewhere(name: &str) -> Option<String> {
    let defaults = Value::serialize(Config::default()).ok()?.into_dict()?;
    let has = |section: &Dict| section.contains_key(name);
    let found = defaults.iter().find(|(_, section)| section.as_dict().is_some_and(has));
    found.map(|(section, _)| format!("{section}.{name}"))
}

/// What serde expected, for people.
fn in_words(expected: &str) -> &str {
    match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or more",
        table if table.starts_with("struct ") => "a section with settings of its own",
        other => other,
    }
}
