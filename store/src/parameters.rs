//! Unknown settings and what was probably meant.

use figment::error::Kind;
use store_core::{Error, ErrorKind};

/// The known name nearest to a wrong one, where one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = known.map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(score, _)| *score > 0.6).map(|(_, known)| known)
}

/// Says which setting is wrong, where it came from and what was probably meant; never its value.
pub(crate) fn refused(error: figment::Error) -> Error {
    let messages = error.into_iter().map(|error| {
        let key = error.path.join(".");
        let source = error.metadata.as_ref().map_or("the settings", |metadata| &metadata.name);
        match &error.kind {
            Kind::UnknownField(name, known) => {
                let hint = nearest(name, known.iter().copied()).map_or_else(
                    || format!("known are {}", known.join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                format!("unknown setting {} in {source}: {hint}", joined(&key, name))
            }
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                format!("setting {key} in {source} must be {expected}")
            }
            Kind::UnknownVariant(_, known) => {
                format!("setting {key} in {source} must be one of {}", known.join(", "))
            }
            Kind::MissingField(name) => format!("setting {} is missing", joined(&key, name)),
            Kind::Message(_) if error.path.is_empty() => format!("{source} cannot be read as TOML"),
            _ => format!("setting {key} in {source} cannot be used"),
        }
    });
    Error::new(ErrorKind::Config, messages.collect::<Vec<_>>().join("; "))
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() || path.ends_with(name) {
        format!("{path}{}", if path.is_empty() { name } else { "" })
    } else {
        format!("{path}.{name}")
    }
}
