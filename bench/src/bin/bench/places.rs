//! Who is measured at a target.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use store::{
    CassandraBackend, CassandraConfig, Database, ElasticBackend, ElasticConfig, EmbeddedBackend,
    EmbeddedConfig, RedisBackend, RedisConfig, backend::Backend, layers::Layered,
    memory::MemoryBackend,
};

use crate::{
    args::Args,
    contender::{
        Contender, Role,
        bare::{
            Hand, cassandra::Cassandra, elastic::Elastic, fjall::Fjall, redis::Redis, tree::Tree,
            waist::Waist,
        },
        typed::{Typed, Uncached},
    },
    latency::Latency,
    proxy,
    target::{Server, Target},
    two_phase::TwoPhase,
};

/// The places that contenders are made in.
pub(crate) struct Places<'a> {
    pub(crate) args: &'a Args,
    pub(crate) folder: &'a Path,
    /// What all keys in servers begin with.
    pub(crate) namespace: &'a str,
}

/// A contender and how to send it away once it has its data.
pub(crate) struct Made {
    pub(crate) contender: Box<dyn Contender>,
    latency: Latency,
}

impl Made {
    fn new(contender: impl Contender + 'static, latency: &Latency) -> Self {
        Self { contender: Box::new(contender), latency: latency.clone() }
    }

    /// Makes calls take as long as they do at the target.
    pub(crate) fn send_away(&self, target: Target, args: &Args) {
        // A proxy stands before a server from the beginning.
        let call = if target.server().is_some() { Duration::ZERO } else { target.distance() };
        if !call.is_zero() {
            self.latency.set(call, Duration::from_micros(args.mebibyte_us));
        }
    }
}

/// What a contender is called at a target.
fn name(target: Target, role: Role) -> String {
    format!("{target:?}-{role:?}")
}

impl Places<'_> {
    /// Who plays a part at a target; nobody where there is none.
    pub(crate) async fn make(&self, target: Target, role: Role) -> Result<Option<Made>> {
        let name = name(target, role);
        if let (Role::Bare | Role::Naive, Some(server)) = (role, target.server()) {
            return self.client(server, target, role).await.map(Some);
        }
        let latency = Latency::default();
        let made = match (role, target) {
            (Role::Bare, Target::Memory) => Made::new(Hand::new(Tree::default(), false), &latency),
            (Role::Bare, Target::Embedded) => {
                Made::new(Hand::new(Fjall::open(&self.folder.join(&name))?, false), &latency)
            }
            (Role::Bare, _) => return Ok(None),
            (Role::Naive | Role::Waist, _) => {
                let backend = self.backend(target, &name, &latency).await?;
                let waist = Waist::claim(&*backend, &name).await?;
                Made::new(Hand::new(waist, role == Role::Naive), &latency)
            }
            (Role::Uncached, _) if target.server().is_none() => return Ok(None),
            (Role::Ours | Role::Uncached, _) => {
                let backend = self.backend(target, &name, &latency).await?;
                let mut config = self.args.engine()?;
                if role == Role::Uncached {
                    config.cache_bytes = 0;
                }
                let database = Database::with(backend, config)?;
                let typed = Typed::open(&database, &name).await?;
                match role {
                    Role::Uncached => Made::new(Uncached::new(typed), &latency),
                    _ => Made::new(typed, &latency),
                }
            }
        };
        Ok(Some(made))
    }

    /// The same over files that are merged, where it has any.
    ///
    /// How many are unmerged after loading is chance, and would decide how long reads take.
    pub(crate) async fn merged(&self, made: Made, target: Target, role: Role) -> Result<Made> {
        if target != Target::Embedded {
            return Ok(made);
        }
        drop(made);
        let mut folder = self.folder.join(name(target, role));
        if role != Role::Bare {
            // Where our backend keeps the engine's files.
            folder.push("data");
        }
        tokio::task::spawn_blocking(move || Fjall::merge(&folder)).await??;
        self.make(target, role).await?.context("what was loaded is not there")
    }

    async fn backend(
        &self,
        target: Target,
        name: &str,
        latency: &Latency,
    ) -> Result<Arc<dyn Backend>> {
        Ok(match target {
            Target::Memory => Arc::new(MemoryBackend::new()),
            Target::Embedded => {
                let config = EmbeddedConfig::default();
                Arc::new(EmbeddedBackend::open(self.folder.join(name), config).await?)
            }
            Target::RemoteNear | Target::Remote | Target::RemoteFar => {
                Arc::new(Layered::new(Arc::new(MemoryBackend::new()), latency.clone()))
            }
            Target::RemoteRedo => Arc::new(TwoPhase::new(latency.clone())),
            Target::Redis | Target::RedisFar => {
                let mut config = RedisConfig::default();
                config.namespace = self.namespace.to_owned();
                Arc::new(RedisBackend::connect(&self.redis_url(target)?, config).await?)
            }
            Target::Cassandra => {
                let mut config = CassandraConfig::default();
                config.namespace = self.keyspace();
                Arc::new(CassandraBackend::connect(self.cassandra_url()?, config).await?)
            }
            Target::Elastic => {
                let mut config = ElasticConfig::default();
                // Indices are in small letters.
                config.namespace = format!("{}-{name}", self.namespace).to_lowercase();
                config.replicas = 0;
                Arc::new(ElasticBackend::connect(self.elastic_url()?, config).await?)
            }
        })
    }

    /// A client of a server, used by hand.
    async fn client(&self, server: Server, target: Target, role: Role) -> Result<Made> {
        let (naive, latency) = (role == Role::Naive, Latency::default());
        Ok(match server {
            Server::Redis => {
                let prefix = format!("{}:{target:?}-{role:?}", self.namespace);
                let redis = Redis::connect(&self.redis_url(target)?, prefix).await?;
                Made::new(Hand::new(redis, naive), &latency)
            }
            Server::Cassandra => {
                let (keyspace, table) = (self.bare_keyspace(), format!("{role:?}"));
                let cassandra =
                    Cassandra::connect(self.cassandra_url()?, &keyspace, &table).await?;
                Made::new(Hand::new(cassandra, naive), &latency)
            }
            Server::Elastic => {
                let index = format!("{}-{role:?}", self.namespace).to_lowercase();
                let elastic = Elastic::connect(self.elastic_url()?, index, naive).await?;
                Made::new(Hand::new(elastic, naive), &latency)
            }
        })
    }

    fn is_on(&self, server: Server) -> bool {
        self.args.targets.iter().any(|target| target.server() == Some(server))
    }

    /// Waits until servers are done with what loading has left them to do.
    pub(crate) async fn settle(&self) -> Result<()> {
        if self.is_on(Server::Cassandra) {
            Cassandra::settle(self.cassandra_url()?).await?;
        }
        Ok(())
    }

    /// Removes what was stored in servers.
    pub(crate) async fn remove(&self) -> Result<()> {
        if self.is_on(Server::Redis)
            && let Some(url) = &self.args.redis
        {
            Redis::remove(url, self.namespace).await.context("remove what was stored in Redis")?;
        }
        if self.is_on(Server::Cassandra)
            && let Some(url) = &self.args.cassandra
        {
            let keyspaces = [&*self.keyspace(), &*self.bare_keyspace()];
            let removed = Cassandra::remove(url, keyspaces).await;
            removed.context("remove what was stored in Cassandra")?;
        }
        if self.is_on(Server::Elastic)
            && let Some(url) = &self.args.elastic
        {
            let removed = Elastic::remove(url, &self.namespace.to_lowercase()).await;
            removed.context("remove what was stored in Elasticsearch")?;
        }
        Ok(())
    }

    fn keyspace(&self) -> String {
        self.namespace.replace('-', "_")
    }

    /// That of the driver used by hand.
    fn bare_keyspace(&self) -> String {
        self.keyspace() + "_bare"
    }

    fn cassandra_url(&self) -> Result<&str> {
        self.args.cassandra.as_deref().context("name a Cassandra server by --cassandra URL")
    }

    fn elastic_url(&self) -> Result<&str> {
        self.args.elastic.as_deref().context("name an Elasticsearch server by --elastic URL")
    }

    /// The server's URL, or that of a new proxy in front of it.
    fn redis_url(&self, target: Target) -> Result<String> {
        let url = self.args.redis.clone().context("name a Redis server by --redis URL")?;
        if target != Target::RedisFar {
            return Ok(url);
        }
        let missing = "the proxy needs a URL of the form redis://HOST:PORT";
        let (scheme, rest) = url.split_once("://").context(missing)?;
        let (user, address) = rest.rsplit_once('@').map_or(("", rest), |(user, at)| (user, at));
        let (server, number) = address.split_once('/').unwrap_or((address, ""));
        let server =
            if server.contains(':') { server.to_owned() } else { format!("{server}:6379") };
        let proxy = proxy::start(server, target.distance())?;
        let at = if user.is_empty() { "" } else { "@" };
        Ok(format!("{scheme}://{user}{at}{proxy}/{number}"))
    }
}
