//! Settings of the backend.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use store_core::{Error, ErrorKind, Result, Secret, redo::RedoConfig, settings};

/// Settings of the Elasticsearch backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ElasticConfig {
    /// What the names of the indices begin with, or `name.prefix`: what stands in front of every task's name, so that several
    /// users can share the indices. Defaults to `store`.
    pub namespace: String,
    /// Makes indices that are missing; otherwise an error says how to make them. Defaults to true.
    pub create_index: bool,
    /// Primary shards of an index of data made here. All of a task is in one of them. Defaults to 1.
    pub shards: u32,
    /// Copies of each shard in an index made here, beside the primary one. Defaults to 1.
    pub replicas: u32,
    /// How long a request may take, in milliseconds, retries included; a commit or a page may need several. A change of a task's record with the reading that
    /// settles it is one. Defaults to 30 000.
    pub timeout_ms: u64,
    /// How often a request that failed, or was told to come later, is sent again. Defaults to 10.
    pub retries: u32,
    /// The user, where the URL names none.
    pub user: Option<String>,
    /// The password, where the URL has none.
    pub password: Option<Secret>,
    /// An API key as the server shows it in its `encoded` form, instead of user and password.
    pub api_key: Option<Secret>,
    /// File of certificates, in PEM, that the nodes' may be signed by, beside those of public authorities.
    pub tls_ca: Option<PathBuf>,
    /// File of our own certificate, in PEM, where the nodes ask for one.
    pub tls_certificate: Option<PathBuf>,
    /// File of the key of our own certificate, in PEM.
    pub tls_key: Option<PathBuf>,
    /// The URL of a proxy, which may have an account in it. Defaults to none, whatever the environment says.
    pub proxy: Option<Secret>,
    /// Entries written by one request, at most 10 000. Defaults to 1000.
    pub batch_entries: usize,
    /// Bytes of keys, values and indexed fields written by one request, if they are more than one entry's; at most 32 MiB. Defaults to 4 MiB.
    pub batch_bytes: usize,
    /// Bytes up to which the log of a commit is kept in the record itself, which saves a step; at most 1 MiB. Defaults to 8 KiB.
    pub inline_bytes: usize,
    /// Requests of one task that are on their way at a time, of writes and of reads each. Defaults to 4.
    pub in_flight: usize,
    /// How long marks of deleted keys are kept at least, in milliseconds: a day or more. Defaults to a day.
    pub keep_deleted_ms: u64,
}

impl Default for ElasticConfig {
    fn default() -> Self {
        Self {
            namespace: "store".to_owned(),
            create_index: true,
            shards: 1,
            replicas: 1,
            timeout_ms: 30_000,
            retries: 10,
            user: None,
            password: None,
            api_key: None,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            proxy: None,
            batch_entries: 1000,
            batch_bytes: 4 << 20,
            inline_bytes: 8 << 10,
            in_flight: 4,
            keep_deleted_ms: DAY_MS,
        }
    }
}

impl ElasticConfig {
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Settings of the protocol.
    pub(crate) fn redo(&self) -> RedoConfig {
        let mut redo = RedoConfig::default();
        redo.inline_bytes = self.inline_bytes;
        redo
    }

    /// The beginning of the indices' names.
    pub(crate) fn index(&self) -> &str {
        self.namespace.split_once('.').map_or(&self.namespace, |(index, _)| index)
    }

    /// What stands in front of the names of applications.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.namespace.split_once('.').map(|(_, prefix)| prefix)
    }

    /// `Config` for values that cannot work; names the setting.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
        let index = self.index();
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(1..=100).contains(&index.len())
            || !index.bytes().all(|byte| lower(byte) || b"_-".contains(&byte))
            || !index.starts_with(|first: char| u8::try_from(first).is_ok_and(lower))
        {
            return refuse(format!(
                "namespace {:?} cannot be used: names of indices have 1 to 100 small ASCII letters, digits, '_' and '-', \
                 a letter or digit first",
                self.namespace
            ));
        }
        settings::prefix_of_namespace(&self.namespace)?;
        let least = [
            ("shards", self.shards == 0),
            ("timeout_ms", self.timeout_ms == 0),
            ("batch_entries", self.batch_entries == 0),
            ("batch_bytes", self.batch_bytes == 0),
            ("in_flight", self.in_flight == 0),
        ];
        settings::at_least_one(&least)?;
        // What was decided must be applied, so a request must never be more than a server takes.
        let most = [
            ("batch_entries", self.batch_entries, MAX_BATCH_ENTRIES),
            ("batch_bytes", self.batch_bytes, MAX_BATCH_BYTES),
            ("inline_bytes", self.inline_bytes, MAX_INLINE_BYTES),
        ];
        settings::at_most(&most)?;
        if self.keep_deleted_ms < DAY_MS {
            return refuse(format!(
                "keep_deleted_ms is {}, so that a late write could bring back a deleted key: set at least {DAY_MS}",
                self.keep_deleted_ms
            ));
        }
        settings::certificate_with_key(self.tls_certificate.as_ref(), self.tls_key.as_ref())
    }
}

const DAY_MS: u64 = 86_400_000;

const MAX_BATCH_ENTRIES: usize = 10_000;

/// Below a server's limit of a request, 100 MiB, in the larger form that bytes have in JSON.
const MAX_BATCH_BYTES: usize = 32 << 20;

/// Every change of a record writes all of it.
const MAX_INLINE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use store_core::{Result, Secret};

    use super::{DAY_MS, ElasticConfig};

    #[test]
    fn what_is_secret_is_not_printed() {
        let config = ElasticConfig {
            password: Some(Secret::new("hunter2")),
            api_key: Some(Secret::new("hunter2")),
            proxy: Some(Secret::new("http://me:hunter2@proxy:3128")),
            ..ElasticConfig::default()
        };
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }

    fn check(change: impl FnOnce(&mut ElasticConfig)) -> Result<()> {
        let mut config = ElasticConfig::default();
        change(&mut config);
        config.check()
    }

    #[test]
    fn a_namespace_names_indices_and_may_have_a_prefix() {
        for legal in ["a", "store_tests", "0-a", "store.Team.A", "store.-_."] {
            check(|config| legal.clone_into(&mut config.namespace)).unwrap();
        }
        for illegal in ["", "A", "_a", "-a", "a b", "a.", ".a", "a.b/c", &"n".repeat(101)] {
            let error = check(|config| illegal.clone_into(&mut config.namespace)).unwrap_err();
            assert!(error.to_string().contains("namespace"), "{error}");
        }
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        check(|config| (config.batch_entries, config.batch_bytes) = (10_000, 32 << 20)).unwrap();
        check(|config| config.inline_bytes = 1 << 20).unwrap();
        let config = ElasticConfig { inline_bytes: 512, ..ElasticConfig::default() };
        assert_eq!(config.redo().inline_bytes, 512);
        type Change = fn(&mut ElasticConfig);
        let changes: [(&str, Change); 6] = [
            ("batch_entries", |config| config.batch_entries = 10_001),
            ("batch_bytes", |config| config.batch_bytes = (32 << 20) + 1),
            ("inline_bytes", |config| config.inline_bytes = (1 << 20) + 1),
            ("in_flight", |config| config.in_flight = 0),
            ("keep_deleted_ms", |config| config.keep_deleted_ms = DAY_MS - 1),
            ("tls_key", |config| config.tls_key = Some("key.pem".into())),
        ];
        for (name, change) in changes {
            assert!(check(change).unwrap_err().to_string().contains(name), "{name}");
        }
    }
}
