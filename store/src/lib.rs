//! State stores for stream processing, in the database you already run.
//!
//! One URL chooses where the state is kept; the program stays the same. Everything of `store_core` is here too, so that
//! a program depends on this crate only.
//!
//! | URL | state | cargo feature |
//! | --- | --- | --- |
//! | [`memory:`](#memory) | gone with the [`Database`] | |
//! | [`embedded:PATH`](#embeddedpath) | on local disk | `embedded`, on by default |
//! | [`redis://HOST`](#redishost) and relatives | in Redis, Valkey or a Redis Cluster | `redis` |
//! | [`cassandra://HOST`, `scylla://HOST`](#cassandrahost) | in Apache Cassandra or ScyllaDB | `cassandra` |
//! | [`elasticsearch+http://HOST`](#elasticsearchhttphost) and relatives | in Elasticsearch or OpenSearch | `elastic` |
//!
//! Parameters of a URL, `?name=value&…`, are the settings of the engine ([`EngineConfig`]) and of the backend that the
//! scheme names. An unknown one is refused with the nearest known one. Settings may also come from a TOML file or the
//! environment: see [`Config`].
//!
//! # `memory:`
//!
//! For tests, and for state that is cheap to make again. Each [`connect`] gives a new and empty one.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use store::prelude::*;
//!
//! static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
//!
//! let database = store::connect("memory:").await?;
//! let task = database.task("word-count", 0).store(&COUNTS).open().await?;
//! let counts = task.store(&COUNTS)?;
//! counts.update(&"word".to_owned(), |n| Some(n.unwrap_or(0) + 1)).await?;
//! task.commit([("words.txt", 5)]).await?;
//! assert_eq!(task.checkpoint()?.offsets["words.txt"], 5);
//! # Ok::<_, Error>(())
//! # }).unwrap();
//! ```
//!
//! # `embedded:PATH`
//!
//! The default: durable, and no server is needed. PATH is a folder, made where it is not there, for one process at a
//! time; `embedded:` alone is `embedded:./state`. A relative path counts from the working directory. In a path `%XX`
//! stands for a byte, so `%` is written `%25` and `?` is written `%3F`; everything else stands for itself.
//!
#![cfg_attr(feature = "embedded", doc = "```standalone_crate")]
#![cfg_attr(not(feature = "embedded"), doc = "```ignore")]
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let folder = tempfile::tempdir().unwrap();
//! # std::env::set_current_dir(&folder).unwrap();
//! use store::prelude::*;
//!
//! static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");
//!
//! // The first run …
//! let database = store::connect("embedded:./state?cache_bytes=67108864&page_entries=500").await?;
//! let task = database.task("word-count", 0).store(&COUNTS).open().await?;
//! task.store(&COUNTS)?.put(&"word".to_owned(), &1).await?;
//! task.commit([("words.txt", 5)]).await?;
//! task.close().await?;
//! # drop(database);
//!
//! // … and the next one go on from the same commit.
//! let database = store::connect("embedded:./state").await?;
//! let task = database.task("word-count", 0).store(&COUNTS).open().await?;
//! assert_eq!(task.checkpoint()?.offsets["words.txt"], 5);
//! assert_eq!(task.store(&COUNTS)?.get(&"word".to_owned()).await?, Some(1));
//! # Ok::<_, Error>(())
//! # }).unwrap();
//! ```
//!
//! # `redis://HOST`
//!
//! | URL | what |
//! | --- | --- |
//! | `redis://[user[:password]@]host[:port][/number]` | one server |
//! | `rediss://…` | over TLS; `?tls_ca=`, `?tls_certificate=` and `?tls_key=` name files |
//! | `redis+cluster://host[:port],host[:port]` | a cluster, by some of its servers |
//! | `rediss+cluster://…` | a cluster over TLS |
//! | `redis+unix:///path` | a socket of this machine |
//!
//! `?namespace=` is what stands in front of every key, `?durability=` when a commit counts as done. A password may be
//! `env:NAME` or `file:PATH`. All settings are those of `RedisConfig`; what each durability promises, and the rights a
//! user needs, is in `docs/redis.md`.
//!
//! ```no_run
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let database = store::connect("redis://localhost:6379?namespace=shop&timeout_ms=2000").await?;
//! for task in database.tasks("word-count").await? {
//!     println!("{}", task.task);
//! }
//! # Ok::<_, store::Error>(())
//! # }).unwrap();
//! ```
//!
//! # `cassandra://HOST`
//!
//! `cassandra://[user[:password]@]host[:port][,host[:port]…]` names some nodes of a cluster; `scylla://` is the same.
//! `?namespace=` is the keyspace, or `keyspace.prefix`; `?datacenter=` whose nodes are used; `?tls=true` encrypts. Keyspace
//! and tables are made where they are missing. All settings are those of `CassandraConfig`; the layout, rights and limits
//! are in `docs/cassandra.md`.
//!
//! ```no_run
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let database = store::connect("cassandra://node-1,node-2?namespace=shop&datacenter=dc1").await?;
//! for task in database.tasks("word-count").await? {
//!     println!("{}", task.task);
//! }
//! # Ok::<_, store::Error>(())
//! # }).unwrap();
//! ```
//!
//! # `elasticsearch+http://HOST`
//!
//! `elasticsearch+http://[user[:password]@]host[:port][,host[:port]…]` names some nodes of a cluster, with `https` over TLS;
//! `opensearch+http://` and `opensearch+https://` are the same. `?namespace=` is what the names of the two indices begin
//! with, or `name.prefix`; they are made where they are missing. All settings are those of `ElasticConfig`; the layout,
//! rights and limits are in `docs/elastic.md`.
//!
//! ```no_run
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let database = store::connect("elasticsearch+https://node-1,node-2?namespace=shop&tls_ca=ca.pem").await?;
//! for task in database.tasks("word-count").await? {
//!     println!("{}", task.task);
//! }
//! # Ok::<_, store::Error>(())
//! # }).unwrap();
//! ```

mod config;
mod connect;
mod layer;
mod refused;
#[cfg(feature = "transfer")]
pub mod transfer;
mod url;

// All of it, so that nobody needs both crates.
#[cfg(feature = "cassandra")]
pub use store_cassandra::{CassandraBackend, CassandraConfig, CassandraConsistency};
#[doc(inline)]
pub use store_core::*;
#[cfg(feature = "elastic")]
pub use store_elastic::{ElasticBackend, ElasticConfig};
#[cfg(feature = "embedded")]
pub use store_embedded::{Durability, EmbeddedBackend, EmbeddedConfig};
#[cfg(feature = "redis")]
pub use store_redis::{RedisBackend, RedisConfig, RedisDurability};

pub use self::{
    config::Config,
    connect::connect,
    url::{Scheme, StoreUrl},
};

/// The guide's examples, as tests.
#[cfg(all(doctest, feature = "message-pack"))]
#[doc = include_str!("../../docs/keys-and-values.md")]
struct KeysAndValues;

#[cfg(doctest)]
#[doc = include_str!("../../docs/event-time.md")]
struct EventTime;

#[cfg(doctest)]
#[doc = include_str!("../../docs/store-kinds.md")]
struct StoreKinds;

#[cfg(doctest)]
#[doc = include_str!("../../docs/search.md")]
struct Search;
