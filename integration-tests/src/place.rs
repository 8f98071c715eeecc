//! Where state is kept: a fresh place per case, opened anew as another process would.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use async_trait::async_trait;
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_core::{
    Database, EngineConfig, backend::Backend, memory::MemoryBackend, redo::toy::ToyBackend,
};
use store_elastic::{ElasticBackend, ElasticConfig};
use store_embedded::{EmbeddedBackend, EmbeddedConfig};
use store_redis::{RedisBackend, RedisConfig};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{Certificates, servers::ServerKind, sessions};

/// The backends there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sort {
    /// The in-memory backend.
    Memory,
    /// The redo-log protocol over a map with compare-and-set only.
    Toy,
    /// Local disk.
    Embedded,
    /// A Redis server.
    Redis,
    /// A Cassandra cluster.
    Cassandra,
    /// An Elasticsearch cluster.
    Elasticsearch,
    /// An OpenSearch cluster.
    OpenSearch,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Memory,
        Self::Toy,
        Self::Embedded,
        Self::Redis,
        Self::Cassandra,
        Self::Elasticsearch,
        Self::OpenSearch,
    ];

    /// The server on Java that it needs, of which one runs at a time.
    #[must_use]
    pub const fn java(self) -> Option<ServerKind> {
        match self {
            Self::Memory | Self::Toy | Self::Embedded | Self::Redis => None,
            Self::Cassandra => Some(ServerKind::Cassandra),
            Self::Elasticsearch => Some(ServerKind::Elasticsearch),
            Self::OpenSearch => Some(ServerKind::OpenSearch),
        }
    }

    /// Whether other processes can reach the state.
    #[must_use]
    pub const fn has_url(self) -> bool {
        !matches!(self, Self::Memory | Self::Toy)
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Toy => "toy",
            Self::Embedded => "embedded",
            Self::Redis => "redis",
            Self::Cassandra => "cassandra",
            Self::Elasticsearch => "elasticsearch",
            Self::OpenSearch => "opensearch",
        })
    }
}

/// Where the state of one case is.
#[derive(Debug)]
#[non_exhaustive]
pub enum Place {
    /// In this process.
    Memory(MemoryBackend),
    /// In this process, behind the redo-log protocol.
    Toy(ToyBackend),
    /// In a folder.
    Embedded(TempDir),
    /// In a server, under a namespace of its own.
    Redis {
        /// The server.
        url: String,
        /// The namespace.
        namespace: String,
        /// Over TLS, the folder of the certificates.
        certificates: Option<PathBuf>,
    },
    /// In a cluster, under a prefix of its own in a keyspace that all places share.
    Cassandra {
        /// Some node of the cluster.
        url: String,
        /// Keyspace and prefix.
        namespace: String,
        /// Two, from which all others are cloned in turn.
        handles: OnceCell<[CassandraBackend; 2]>,
        /// How many were cloned.
        opened: AtomicUsize,
    },
    /// In a cluster, under a prefix of its own in indices that many places share.
    Elastic {
        /// Some node of the cluster.
        url: String,
        /// The indices and the prefix.
        namespace: String,
    },
}

impl Place {
    /// A folder without state.
    pub fn embedded() -> Result<Self> {
        Ok(Self::Embedded(tempfile::tempdir()?))
    }

    /// A place without state at a URL of Redis or Valkey; over TLS with certificates of ours.
    #[must_use]
    pub fn redis(url: &str, certificates: Option<&Certificates>) -> Self {
        let namespace = format!("test-{}", own_name());
        let certificates = certificates.map(|certificates| certificates.folder().to_owned());
        Self::Redis { url: url.to_owned(), namespace, certificates }
    }

    /// A place without state at a URL of Cassandra or ScyllaDB.
    #[must_use]
    pub fn cassandra(url: &str) -> Self {
        let namespace = format!("store_tests.{}", own_name());
        let (handles, opened) = (OnceCell::new(), AtomicUsize::new(0));
        Self::Cassandra { url: url.to_owned(), namespace, handles, opened }
    }

    /// A place without state at a URL of Elasticsearch or OpenSearch: in one of some indices in turn, since a refresh looks at all
    /// that was overwritten in an index, and in few, since it takes a while to make one.
    #[must_use]
    pub fn elastic(url: &str) -> Self {
        let number = own_number();
        let namespace = format!("store_tests_{}.{}", number % 16, name_of(number));
        Self::Elastic { url: url.to_owned(), namespace }
    }

    /// A new handle, as a new process would have one; in Cassandra one of two, since sessions are dear.
    pub async fn backend(&self) -> Result<Arc<dyn Backend>> {
        Ok(match self {
            Self::Memory(backend) => Arc::new(backend.clone()),
            Self::Toy(backend) => Arc::new(backend.clone()),
            Self::Embedded(folder) => {
                let path = folder.path().join("state");
                Arc::new(EmbeddedBackend::open(path, EmbeddedConfig::default()).await?)
            }
            Self::Redis { url, namespace, certificates } => {
                let mut config = RedisConfig::default();
                config.namespace.clone_from(namespace);
                let file = |name| certificates.as_ref().map(|folder| folder.join(name));
                config.tls_ca = file("ca.pem");
                (config.tls_certificate, config.tls_key) = (file("client.pem"), file("client.key"));
                Arc::new(RedisBackend::connect(url, config).await?)
            }
            Self::Cassandra { url, namespace, handles, opened } => {
                let mut config = CassandraConfig::default();
                config.namespace.clone_from(namespace);
                // A scan asks each of them, and cases have few entries.
                (config.buckets, config.segment_buckets) = (4, 2);
                // A small machine that runs eight cases may stand still for longer than the ten seconds that this is else, and
                // than the two fifths of it after which a connection is given up.
                config.timeout_ms = 60_000;
                let handles = handles.get_or_try_init(|| sessions::handles(url, &config)).await?;
                Arc::new(handles[opened.fetch_add(1, Ordering::Relaxed) % handles.len()].clone())
            }
            Self::Elastic { url, namespace } => {
                let mut config = ElasticConfig::default();
                config.namespace.clone_from(namespace);
                // There is one node.
                config.replicas = 0;
                Arc::new(ElasticBackend::connect(url, config).await?)
            }
        })
    }

    /// A database on a new handle.
    pub async fn database(&self) -> Result<Database> {
        Ok(Database::with(self.backend().await?, EngineConfig::default())?)
    }

    /// The URL of the place, where another process could reach it.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Memory(_) | Self::Toy(_) => None,
            Self::Embedded(folder) => {
                Some(format!("embedded:{}", folder.path().join("state").display()))
            }
            Self::Redis { url, namespace, certificates } => {
                let tls = certificates.as_ref().map_or_else(String::new, |folder| {
                    let folder = folder.display();
                    format!("&tls_ca={folder}/ca.pem&tls_certificate={folder}/client.pem&tls_key={folder}/client.key")
                });
                Some(format!("{url}?namespace={namespace}{tls}"))
            }
            Self::Cassandra { url, namespace, .. } => Some(format!("{url}?namespace={namespace}")),
            Self::Elastic { url, namespace } => {
                Some(format!("{url}?namespace={namespace}&replicas=0"))
            }
        }
    }
}

/// A name that no other place has.
fn own_name() -> String {
    name_of(own_number())
}

fn name_of(number: u64) -> String {
    format!("{}-{number}", std::process::id())
}

fn own_number() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

#[async_trait]
impl store_conformance::Place for Place {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        self.backend().await
    }
}
