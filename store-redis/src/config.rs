//! Settings of the Redis backend.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use store_core::{Error, ErrorKind, Result, Secret, settings};

/// Settings of the Redis backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Stands in front of every key, so that several users can share a server. Defaults to `store`.
    pub namespace: String,
    /// How long a request may take, in milliseconds, retries and reconnecting included. Defaults to 10 000.
    pub timeout_ms: u64,
    /// How long the making of one connection may take, in milliseconds. Defaults to 5000.
    pub connect_timeout_ms: u64,
    /// How often a request that the server did not act on, and a connection that failed, is tried again, with growing
    /// pauses. Defaults to 3.
    pub retries: u32,
    /// The user, where the URL names none. Defaults to the server's default user.
    pub user: Option<String>,
    /// The password, where the URL has none.
    pub password: Option<Secret>,
    /// File of the certificates, in PEM, that the server's must be signed by. Defaults to those the machine trusts.
    pub tls_ca: Option<PathBuf>,
    /// File of our own certificate, in PEM, where the server asks for one.
    pub tls_certificate: Option<PathBuf>,
    /// File of the key of our own certificate, in PEM.
    pub tls_key: Option<PathBuf>,
    /// When a commit counts as done. Defaults to `none`.
    pub durability: RedisDurability,
    /// How many replicas `durability=replicas` waits for. Defaults to 1.
    pub replicas: u32,
    /// Allows a server that evicts keys when its memory is full, which silently loses whole maps. Defaults to false.
    pub allow_eviction: bool,
    /// Entries that one script applies: the server stands still meanwhile. A larger commit is staged in chunks. Defaults
    /// to 10 000.
    pub chunk_entries: usize,
    /// Bytes of keys and values that one script applies, if they are more than one entry's. Defaults to 4 MiB.
    pub chunk_bytes: usize,
}

/// When a commit counts as done. What was not done may be lost with its offsets; the owner then gets `SequenceGap`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RedisDurability {
    /// When the server has it in memory: how much a kill or a fail-over loses is what the server is set to.
    #[default]
    None,
    /// When the server's append-only file is synced: survives the loss of power at the server; a fail-over may still lose
    /// the last commits.
    LocalFsync,
    /// When so many replicas have it in memory: survives the loss of the primary if one of them takes over.
    Replicas,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            namespace: "store".to_owned(),
            timeout_ms: 10_000,
            connect_timeout_ms: 5000,
            retries: 3,
            user: None,
            password: None,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            durability: RedisDurability::default(),
            replicas: 1,
            allow_eviction: false,
            chunk_entries: 10_000,
            chunk_bytes: 4 << 20,
        }
    }
}

impl RedisConfig {
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// `Config` for values that cannot work; names the setting.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
        if self.namespace.is_empty() || self.namespace.contains(['{', '}']) {
            return refuse(format!(
                "namespace {:?} cannot be used: it needs at least one character and no brace, which Redis gives a meaning",
                self.namespace
            ));
        }
        let least = [
            ("timeout_ms", self.timeout_ms == 0),
            ("connect_timeout_ms", self.connect_timeout_ms == 0),
            ("chunk_entries", self.chunk_entries == 0),
            ("chunk_bytes", self.chunk_bytes == 0),
            ("replicas", self.replicas == 0 && self.durability == RedisDurability::Replicas),
        ];
        settings::at_least_one(&least)?;
        settings::certificate_with_key(self.tls_certificate.as_ref(), self.tls_key.as_ref())
    }
}
