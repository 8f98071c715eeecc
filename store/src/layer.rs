//! One source of settings: a file, a variable of the environment or a parameter of a URL.

use std::env;

use figment::{
    Figment,
    providers::Serialized,
    value::{Dict, Value},
};
use store_core::{Error, ErrorKind, Result};

use crate::{Config, refused::refused};

/// Variables of the environment that start so are settings.
const PREFIX: &str = "STORE_";

/// Stands between a section and a setting in the name of a variable.
const SEPARATOR: &str = "__";

/// Settings and where they come from.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) source: String,
    values: Value,
}

impl Layer {
    /// Reads TOML. The text itself is never shown: it may hold a secret.
    pub(crate) fn toml(source: String, text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let place = error.span().map_or_else(String::new, |span| {
                let line = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
                format!(", line {line}")
            });
            Error::new(ErrorKind::Config, format!("{source}{place}: this is not TOML"))
        })?;
        let values = Value::serialize(table).unwrap_or_else(|_| Dict::new().into());
        Ok(Self { source, values })
    }

    /// Reads a setting given as text, `section.name`, as the type that its default has.
    pub(crate) fn text(source: String, setting: &str, text: &str) -> Self {
        let defaults = Value::serialize(Config::default()).ok();
        let default = defaults.as_ref().and_then(|defaults| defaults.find_ref(setting));
        let value = match default {
            Some(Value::Bool(..)) => text.parse::<bool>().map(Value::from).ok(),
            Some(Value::Num(..)) => text.parse::<u64>().map(Value::from).ok(),
            _ => None,
        };
        let value = value.unwrap_or_else(|| text.into());
        let values = setting
            .rsplit('.')
            .fold(value, |value, name| Dict::from([(name.to_owned(), value)]).into());
        Self { source, values }
    }

    /// The variables of the environment, by name. `Config` for one that is not Unicode.
    pub(crate) fn environment() -> Result<Vec<Self>> {
        let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let mut names: Vec<_> = names.filter(|name| name.starts_with(PREFIX)).collect();
        names.sort_unstable();
        let variable = |name: String| {
            let source = format!("environment variable {name}");
            let text = env::var(&name).map_err(|_not_unicode| {
                Error::new(ErrorKind::Config, format!("{source}: the value is not Unicode"))
            })?;
            let setting =
                name.strip_prefix(PREFIX).unwrap_or(&name).to_lowercase().replace(SEPARATOR, ".");
            Ok(Self::text(source, &setting, &text))
        };
        names.into_iter().map(variable).collect()
    }

    /// Whether it has a setting of this name.
    pub(crate) fn has(&self, setting: &str) -> bool {
        self.values.find_ref(setting).is_some()
    }

    /// Lays its settings over others. `Config` for what is not known or has another type.
    pub(crate) fn over(&self, config: &Config) -> Result<Config> {
        let layers = Figment::from(Serialized::defaults(config))
            .merge(Serialized::defaults(&self.values))
            .extract();
        layers.map_err(|error| refused(&self.source, error))
    }
}
