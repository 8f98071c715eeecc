//! What the stores stand on, and who is measured there.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use store::{
    Database, EmbeddedBackend, EmbeddedConfig, RedisBackend, RedisConfig, backend::Backend,
    layers::Layered, memory::MemoryBackend,
};

use crate::{
    args::Args,
    contender::{
        Contender, Role,
        bare::{Hand, fjall::Fjall, redis::Redis, tree::Tree, waist::Waist},
        typed::Typed,
    },
    latency::Latency,
    proxy,
};

/// A group of lines of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Target {
    /// In memory; bare is a `BTreeMap` without a lock.
    Memory,
    /// On local disk; bare is the storage engine.
    Embedded,
    /// Memory, each call 0.1 ms away.
    #[value(name = "remote-0.1")]
    #[serde(rename = "remote-0.1")]
    RemoteNear,
    /// Memory, each call 0.5 ms away.
    #[value(name = "remote-0.5")]
    #[serde(rename = "remote-0.5")]
    Remote,
    /// Memory, each call 2 ms away.
    #[value(name = "remote-2")]
    #[serde(rename = "remote-2")]
    RemoteFar,
    /// A Redis server as it is; bare is its client with pipelines.
    Redis,
    /// The same server behind a proxy, a round trip of 0.5 ms away.
    #[value(name = "redis-0.5")]
    #[serde(rename = "redis-0.5")]
    RedisFar,
}

impl Target {
    pub(crate) const fn needs_redis(self) -> bool {
        matches!(self, Self::Redis | Self::RedisFar)
    }

    /// How far away it is made to be.
    const fn distance(self) -> Duration {
        Duration::from_micros(match self {
            Self::Memory | Self::Embedded | Self::Redis => 0,
            Self::RemoteNear => 100,
            Self::Remote | Self::RedisFar => 500,
            Self::RemoteFar => 2000,
        })
    }
}

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
        let call = if target.needs_redis() { Duration::ZERO } else { target.distance() };
        if !call.is_zero() {
            self.latency.set(call, Duration::from_micros(args.mebibyte_us));
        }
    }
}

impl Places<'_> {
    /// Who plays a part at a target; nobody where there is none.
    pub(crate) async fn make(&self, target: Target, role: Role) -> Result<Option<Made>> {
        let name = format!("{target:?}-{role:?}");
        let latency = Latency::default();
        let made = match (role, target) {
            (Role::Bare, Target::Memory) => Made::new(Hand::new(Tree::default(), false), &latency),
            (Role::Bare, Target::Embedded) => {
                Made::new(Hand::new(Fjall::open(&self.folder.join("bare"))?, false), &latency)
            }
            (Role::Bare, Target::Redis | Target::RedisFar) => {
                let redis = self.redis(target, &name).await?;
                Made::new(Hand::new(redis, false), &latency)
            }
            (Role::Bare, _) => return Ok(None),
            (Role::Naive, Target::Redis | Target::RedisFar) => {
                let redis = self.redis(target, &name).await?;
                Made::new(Hand::new(redis, true), &latency)
            }
            (Role::Naive | Role::Waist, _) => {
                let backend = self.backend(target, &name, &latency).await?;
                let waist = Waist::claim(&*backend, &name).await?;
                Made::new(Hand::new(waist, role == Role::Naive), &latency)
            }
            (Role::Ours, _) => {
                let backend = self.backend(target, &name, &latency).await?;
                let database = Database::with(backend, self.args.engine()?)?;
                Made::new(Typed::open(&database, &name).await?, &latency)
            }
        };
        Ok(Some(made))
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
            Target::Redis | Target::RedisFar => {
                let mut config = RedisConfig::default();
                config.namespace = self.namespace.to_owned();
                Arc::new(RedisBackend::connect(&self.redis_url(target)?, config).await?)
            }
        })
    }

    async fn redis(&self, target: Target, name: &str) -> Result<Redis> {
        let prefix = format!("{}:{name}", self.namespace);
        Redis::connect(&self.redis_url(target)?, prefix).await
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
