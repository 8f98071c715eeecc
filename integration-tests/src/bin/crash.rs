//! Kills workers and servers by the hundred, and says what came of it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use fail::FailScenario;
use integration_tests::{
    crash::{ContainerSite, EmbeddedSite, Options, RedisSite, Site, Work, run, work},
    servers::ServerKind,
};

/// Crash and take-over, on a backend that persists.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Command {
    /// Where the state is kept.
    #[arg(long, value_enum, required = true)]
    site: Option<Sites>,
    /// The folder of an embedded site, which is then kept for whoever looks at a failure.
    #[arg(long)]
    folder: Option<PathBuf>,
    #[command(flatten)]
    options: Option<Options>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// What the harness starts and kills.
    Work(Work),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sites {
    Embedded,
    /// A server that syncs every write.
    Redis,
    /// A server without persistence.
    RedisForgetful,
    /// Redis 8, in a container that syncs every write.
    #[value(name = "redis-8")]
    Redis8,
    /// Valkey, in a container that syncs every write.
    Valkey,
    /// A node in a container that syncs every write.
    Cassandra,
    /// A node in a container that syncs every write.
    Elasticsearch,
    /// A node in a container that syncs every write.
    Opensearch,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Command { site, folder, options, role } = Command::parse();
    // Fail points of a worker stand in its environment.
    let _fail_points = FailScenario::setup();
    if let Some(Role::Work(orders)) = role {
        work(orders).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(site), Some(options)) = (site, options) else {
        anyhow::bail!("name a site and a seed: see --help");
    };
    let mut site: Box<dyn Site> = match site {
        Sites::Embedded => Box::new(match folder {
            Some(folder) => EmbeddedSite::at(folder),
            None => EmbeddedSite::new()?,
        }),
        Sites::Redis => Box::new(RedisSite::durable()?),
        Sites::RedisForgetful => Box::new(RedisSite::forgetful()?),
        Sites::Redis8 => Box::new(ContainerSite::new(ServerKind::Redis8)?),
        Sites::Valkey => Box::new(ContainerSite::new(ServerKind::Valkey)?),
        Sites::Cassandra => Box::new(ContainerSite::new(ServerKind::Cassandra)?),
        Sites::Elasticsearch => Box::new(ContainerSite::new(ServerKind::Elasticsearch)?),
        Sites::Opensearch => Box::new(ContainerSite::new(ServerKind::OpenSearch)?),
    };
    println!("{}, seed {}", site.name(), options.seed);
    let tally = run(&mut *site, &std::env::current_exe()?, &options).await;
    println!("{tally}");
    if tally.failures.is_empty() {
        println!("nothing lost, nothing doubled");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} rounds FAILED", tally.failures.len());
    Ok(ExitCode::FAILURE)
}
