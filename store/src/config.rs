//! Settings from a file, the environment and a URL.

use std::{fmt, fs, io, path::Path};

use figment::value::Value;
use serde::{Deserialize, Serialize};
use store_core::{Database, EngineConfig, Error, ErrorKind, Result};

use crate::{StoreUrl, layer::Layer, refused::hint, url::Scheme};

/// Everything that can be set.
///
/// Later sources win: the defaults, a TOML file, the environment, parameters of the URL, and what the program sets in
/// the fields.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let mut config = store::Config::from_toml(
///     r#"
///     url = "memory:"
///
///     [engine]
///     page_entries = 500
///     "#,
/// )?;
/// config.engine.native_limits = true;
/// let database = config.connect().await?;
/// # let _ = database;
/// # Ok::<_, store::Error>(())
/// # }).unwrap();
/// ```
///
/// In the environment the same setting is `STORE_ENGINE__PAGE_ENTRIES=500`, in a URL `?page_entries=500`. Every
/// variable that starts with `STORE_` must be a setting: nothing that was meant is left out silently.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The settings of `redis://`.
    #[cfg(feature = "redis")]
    pub redis: store_redis::RedisConfig,
    /// The settings of `cassandra://` and `scylla://`.
    #[cfg(feature = "cassandra")]
    pub cassandra: store_cassandra::CassandraConfig,
    /// The settings of `elasticsearch+http://` and its relatives.
    #[cfg(feature = "elastic")]
    pub elastic: store_elastic::ElasticConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "embedded:".to_owned(),
            engine: EngineConfig::default(),
            #[cfg(feature = "embedded")]
            embedded: store_embedded::EmbeddedConfig::default(),
            #[cfg(feature = "redis")]
            redis: store_redis::RedisConfig::default(),
            #[cfg(feature = "cassandra")]
            cassandra: store_cassandra::CassandraConfig::default(),
            #[cfg(feature = "elastic")]
            elastic: store_elastic::ElasticConfig::default(),
        }
    }
}

impl Config {
    /// The defaults with this URL. `Config` for a bad URL or unknown parameters.
    pub fn from_url(url: &str) -> Result<Self> {
        Self { url: url.to_owned(), ..Self::default() }.checked()
    }

    /// The defaults overridden by TOML text.
    pub fn from_toml(text: &str) -> Result<Self> {
        Self::layered(&[Layer::toml("the TOML text".to_owned(), text)?])
    }

    /// The defaults overridden by a TOML file, then by the environment. `NotFound` for a missing file.
    ///
    /// A relative path in the URL counts from the working directory, not from the file.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => ErrorKind::NotFound,
                io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
                _ => ErrorKind::Config,
            };
            let message = format!("cannot read the configuration file {}", path.display());
            Error::new(kind, message).with_source(error)
        })?;
        let mut layers = vec![Layer::toml(format!("file {}", path.display()), &text)?];
        layers.extend(Layer::environment()?);
        Self::layered(&layers)
    }

    /// The defaults overridden by the environment: `STORE_URL`, `STORE_ENGINE__PAGE_ENTRIES` and so on.
    pub fn from_env() -> Result<Self> {
        Self::layered(&Layer::environment()?)
    }

    /// Connects to what the URL names. Parameters of a URL set by the program count like its other settings.
    pub async fn connect(&self) -> Result<Database> {
        crate::connect::open(&self.clone().checked()?).await
    }

    fn layered(layers: &[Layer]) -> Result<Self> {
        let config =
            layers.iter().try_fold(Self::default(), |config, layer| layer.over(&config))?;
        let named = layers.iter().rev().find(|layer| layer.has("url"));
        config.checked().map_err(|error| match named {
            Some(layer) => error.context(&layer.source),
            None => error,
        })
    }

    fn checked(self) -> Result<Self> {
        let config = self.with_parameters()?;
        config.engine.check()?;
        Ok(config)
    }

    /// Moves the parameters of the URL to the settings they name.
    fn with_parameters(mut self) -> Result<Self> {
        let StoreUrl { scheme, parameters } = self.url.parse()?;
        let known = known(&scheme);
        for (name, value) in parameters {
            let Some((section, _)) = known.iter().find(|(_, known)| *known == name) else {
                let hint = hint(&name, known.iter().map(|(_, known)| known.as_str()));
                let message = format!("unknown parameter {name} in the URL: {hint}");
                return Err(Error::new(ErrorKind::Config, message));
            };
            let source = "the URL".to_owned();
            self = Layer::text(source, &format!("{section}.{name}"), &value).over(&self)?;
        }
        if let Some((plain, _)) = self.url.split_once('?') {
            self.url = plain.to_owned();
        }
        Ok(self)
    }
}

impl fmt::Debug for Config {
    /// Without the values of the URL's parameters: one may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Config");
        match self.url.parse::<StoreUrl>() {
            Ok(url) => debug.field("url", &url),
            Err(_) => debug.field("url", &"not usable"),
        };
        debug.field("engine", &self.engine);
        #[cfg(feature = "embedded")]
        debug.field("embedded", &self.embedded);
        #[cfg(feature = "redis")]
        debug.field("redis", &self.redis);
        #[cfg(feature = "cassandra")]
        debug.field("cassandra", &self.cassandra);
        #[cfg(feature = "elastic")]
        debug.field("elastic", &self.elastic);
        debug.finish()
    }
}

/// The settings that a URL may name, with their sections.
fn known(scheme: &Scheme) -> Vec<(&'static str, String)> {
    let defaults = Value::serialize(Config::default()).ok();
    let names = |section: &'static str| {
        let values = defaults.as_ref().and_then(|defaults| defaults.find_ref(section));
        let names = values.and_then(Value::as_dict).into_iter().flat_map(|values| values.keys());
        names.map(move |name| (section, name.clone()))
    };
    scheme.section().into_iter().chain(["engine"]).flat_map(names).collect()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::PathBuf};

    use super::known;
    use crate::url::Scheme;

    #[test]
    fn no_parameter_of_a_url_names_two_settings() {
        for scheme in [
            Scheme::Memory,
            Scheme::Embedded(PathBuf::new()),
            Scheme::Redis(String::new()),
            Scheme::Cassandra(String::new()),
            Scheme::Elastic(String::new()),
        ] {
            let known = known(&scheme);
            let names: BTreeSet<_> = known.iter().map(|(_, name)| name).collect();
            assert_eq!(names.len(), known.len(), "{known:?}");
        }
    }
}
