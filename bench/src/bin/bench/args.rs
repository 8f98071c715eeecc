//! The command line.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};
use serde::Serialize;
use store::EngineConfig;

use crate::{
    contender::Role,
    report,
    row::Row,
    run::Place,
    target::{Server, Target},
};

/// Measures the typed stores against what is underneath and against the naive way, in one run.
#[derive(Clone, Debug, Parser, Serialize)]
#[command(version)]
pub(crate) struct Args {
    /// Entries of the key-value store, at least 200; the other stores hold as many together as half of it.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) keys: u32,
    /// Bytes of a value, at least 16.
    #[arg(long, default_value_t = 200)]
    pub(crate) value: usize,
    /// What to measure on; all that need no server, and servers that are named, if left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) targets: Vec<Target>,
    /// What to measure; everything if left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) rows: Vec<Row>,
    /// Whom to measure; everybody if left out.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) contenders: Vec<Role>,
    /// Only the cells of the table that goals are made of, out of those chosen.
    #[arg(long)]
    pub(crate) goals: bool,
    /// Repeats, contenders in turn; the table shows the median.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) seconds: f64,
    /// Operations of one commit.
    #[arg(long, default_value_t = 1000)]
    pub(crate) batch: u64,
    /// Milliseconds from one commit to the next in the row `update-committing`.
    #[arg(long, default_value_t = 100)]
    pub(crate) commit_interval_ms: u64,
    /// Microseconds that a simulated remote backend takes longer for each MiB.
    #[arg(long, default_value_t = 0)]
    pub(crate) mebibyte_us: u64,
    /// A setting of the engine, such as `page_entries=500`.
    #[arg(long = "set", value_name = "NAME=NUMBER", value_parser = setting)]
    pub(crate) settings: Vec<(String, serde_json::Value)>,
    /// A Redis server with room for the data; its other keys are left alone.
    #[arg(long, env = "TEST_REDIS_URL", value_name = "URL", hide_env_values = true)]
    #[serde(skip)]
    pub(crate) redis: Option<String>,
    /// A Cassandra server without a password; keyspaces are made and removed.
    #[arg(long, env = "TEST_CASSANDRA_URL", value_name = "URL", hide_env_values = true)]
    #[serde(skip)]
    pub(crate) cassandra: Option<String>,
    /// An Elasticsearch or OpenSearch server without a password; indices are made and removed.
    #[arg(long, env = "TEST_ELASTICSEARCH_URL", value_name = "URL", hide_env_values = true)]
    #[serde(skip)]
    pub(crate) elastic: Option<String>,
    /// A folder for embedded databases; a temporary one if left out.
    #[arg(long)]
    #[serde(skip)]
    pub(crate) dir: Option<PathBuf>,
    /// A file that gets one line of JSON with all numbers of this run.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub(crate) json: Option<PathBuf>,
}

fn setting(text: &str) -> Result<(String, serde_json::Value)> {
    let (name, value) = text.split_once('=').context("a setting is NAME=NUMBER")?;
    Ok((name.to_owned(), serde_json::from_str(value)?))
}

impl Args {
    /// Fills in what was left out, and refuses what makes no sense.
    pub(crate) fn checked(mut self) -> Result<Self> {
        ensure!(self.keys >= 200, "--keys must be at least 200");
        ensure!(self.value >= 16, "--value must be at least 16");
        ensure!(self.rounds >= 1 && self.seconds > 0.0 && self.batch >= 1, "nothing to measure");
        if self.targets.is_empty() {
            let wanted = |target: &Target| match target.server() {
                None => true,
                Some(Server::Redis) => self.redis.is_some(),
                Some(Server::Cassandra) => self.cassandra.is_some(),
                Some(Server::Elastic) => self.elastic.is_some(),
            };
            self.targets = Target::value_variants().iter().copied().filter(wanted).collect();
        }
        if self.rows.is_empty() {
            self.rows = Row::value_variants().to_vec();
        }
        if self.contenders.is_empty() {
            self.contenders = Role::value_variants().to_vec();
        }
        // The keys of a batch must be distinct where a row goes over its keys again and again.
        self.batch = self.batch.min(u64::from(self.keys) / 40);
        self.engine()?;
        Ok(self)
    }

    /// The engine's settings.
    pub(crate) fn engine(&self) -> Result<EngineConfig> {
        let settings: BTreeMap<_, _> = self.settings.iter().cloned().collect();
        let settings = serde_json::to_value(settings)?;
        Ok(serde_json::from_value(settings)?)
    }

    /// Whether a cell of the table is asked for.
    pub(crate) fn wants(&self, place: Place) -> bool {
        !self.goals || report::places().contains(&place)
    }

    pub(crate) fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}
