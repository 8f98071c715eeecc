//! Settings from a file, the environment and a URL.

use std::path::Path;

use figment::{
    Figment, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use serde::{Deserialize, Serialize};
use store_core::{Database, EngineConfig, Error, ErrorKind, Result};

use crate::{parameters::refused, url::StoreUrl};

/// Everything that can be set. Later sources win: defaults, a TOML file, the environment, parameters of the URL.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let config = store::Config::from_toml(
///     r#"
///     url = "memory:"
///
///     [engine]
///     page_entries = 500
///     "#,
/// )?;
/// let database = config.connect().await?;
/// # let _ = database;
/// # Ok::<_, store::Error>(())
/// # }).unwrap();
/// ```
///
/// In the environment the same setting is `STORE_ENGINE__PAGE_ENTRIES=500`, in a URL `?page_entries=500`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Which backend, and where. Defaults to `embedded:`, the folder `state`.
    pub url: String,
    /// The engine's settings.
    pub engine: EngineConfig,
    /// The settings of `embedded:`.
    #[cfg(feature = "embedded")]
    pub embedded: store_embedded::EmbeddedConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "embedded:".to_owned(),
            engine: EngineConfig::default(),
            #[cfg(feature = "embedded")]
            embedded: store_embedded::EmbeddedConfig::default(),
        }
    }
}

const ENVIRONMENT: &str = "STORE_";

impl Config {
    /// The defaults with this URL. `Config` for a bad URL or unknown parameters.
    pub fn from_url(url: &str) -> Result<Self> {
        Self { url: url.to_owned(), ..Self::default() }.with_parameters()
    }

    /// The defaults overridden by TOML text.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::layered(Toml::string(text))
    }

    /// The defaults overridden by a TOML file, then by the environment. `NotFound` for a missing file.
    pub fn from_file(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let kind = match error.kind() {
                std::io::ErrorKind::NotFound => ErrorKind::NotFound,
                std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
                _ => ErrorKind::Config,
            };
            let message = format!("cannot read the configuration file {}", path.display());
            Error::new(kind, message).with_source(error)
        })?;
        Self::layered(Figment::from(Toml::string(&text)).merge(environment()))
    }

    /// The defaults overridden by the environment: `STORE_URL`, `STORE_ENGINE__PAGE_ENTRIES` and so on.
    pub fn from_env() -> Result<Self> {
        Self::layered(environment())
    }

    fn layered(provider: impl Provider) -> Result<Self> {
        let config: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(provider)
            .extract()
            .map_err(refused)?;
        config.with_parameters()
    }

    /// Moves the parameters of the URL to the settings they name.
    fn with_parameters(self) -> Result<Self> {
        let url: StoreUrl = self.url.parse()?;
        if url.parameters.is_empty() {
            self.engine.check()?;
            return Ok(self);
        }
        let plain = self.url.split_once('?').map_or(self.url.as_str(), |(plain, _)| plain);
        let backend = url.scheme.section();
        let known = self.known(backend);
        let mut sections = Map::<&str, Dict>::new();
        for (name, value) in url.parameters {
            let section =
                known.iter().find(|(_, known)| *known == name).map(|(section, _)| *section);
            let Some(section) = section else {
                let names = known.iter().map(|(_, known)| known.as_str());
                let hint = crate::parameters::nearest(&name, names.clone()).map_or_else(
                    || format!("known are {}", names.collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean {near}?"),
                );
                let message = format!("unknown parameter {name} in the URL: {hint}");
                return Err(Error::new(ErrorKind::Config, message));
            };
            // A value reads as it would in the environment: a number, a flag or text.
            let Ok(value) = value.parse::<Value>();
            sections.entry(section).or_default().insert(name, value);
        }
        let config: Self = Figment::from(Serialized::defaults(&self))
            .merge(Serialized::defaults(sections))
            .merge(Serialized::default("url", plain))
            .extract()
            .map_err(|error| refused(error).context("the URL"))?;
        config.engine.check()?;
        Ok(config)
    }

    /// The names a URL may set, with their sections.
    fn known(&self, backend: Option<&'static str>) -> Vec<(&'static str, String)> {
        let value = Value::serialize(self).ok();
        let section = |section: &'static str| {
            let dict =
                value.as_ref().and_then(|value| value.find_ref(section)).and_then(Value::as_dict);
            dict.into_iter().flat_map(|dict| dict.keys()).map(move |name| (section, name.clone()))
        };
        backend.into_iter().chain(["engine"]).flat_map(section).collect()
    }

    /// Connects to what the URL names.
    pub async fn connect(&self) -> Result<Database> {
        crate::connect::open(self).await
    }
}

fn environment() -> Env {
    Env::prefixed(ENVIRONMENT).split("__")
}
