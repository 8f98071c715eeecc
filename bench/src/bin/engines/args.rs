//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::engine::Kind;

/// Compares embedded storage engines on what a state store asks of them.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measures the engines one after the other and prints one table with ratios.
    Compare(CompareOptions),
    /// Measures one engine in this process and prints its numbers as one JSON line.
    #[command(hide = true)]
    Measure(MeasureOptions),
    /// Measures maps that come and go in this process and prints the numbers as one JSON line.
    #[command(hide = true)]
    MeasureSegments(MeasureOptions),
    /// Commits without end until killed.
    #[command(hide = true)]
    Hold(MeasureOptions),
    /// Kills a committing process again and again and checks what is left each time.
    Kill(KillOptions),
    /// Fills a small file system and reports what the engine says and whether it goes on.
    FullDisk(FaultOptions),
    /// Truncates and flips bits in the files of a closed database and reports what opening it says.
    Damage(FaultOptions),
    /// Opens a database and reads all of it.
    #[command(hide = true)]
    Probe(FaultOptions),
}

/// Options of a whole comparison.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct CompareOptions {
    /// Engines and layouts; the first one is what ratios refer to.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "fjall,fjall-prefix,redb,redb-quick,redb-checked"
    )]
    pub engines: Vec<Kind>,
    /// Repeats; the table shows the median.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// Where the databases are made; a temporary directory if left out.
    #[arg(long)]
    pub dir: Option<PathBuf>,
    /// Prints JSON instead of the table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub size: Size,
}

/// How much work one measurement does.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct Size {
    /// Entries loaded over all maps.
    #[arg(long, default_value_t = 1_000_000)]
    pub entries: u64,
    /// Seconds spent in each timed phase.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Numbers of live maps at which creating and dropping one is timed.
    #[arg(long, value_delimiter = ',', default_value = "10,100,1000")]
    pub live_maps: Vec<u32>,
}

/// Options of one measurement.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct MeasureOptions {
    #[arg(long, value_enum)]
    pub engine: Kind,
    #[arg(long)]
    pub dir: PathBuf,
    #[command(flatten)]
    pub size: Size,
}

/// Options of the fault experiments.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct FaultOptions {
    #[arg(long, value_enum)]
    pub engine: Kind,
    /// An empty directory; for `full-disk` on a small file system of its own.
    #[arg(long)]
    pub dir: PathBuf,
    /// Keys of each commit of `full-disk`.
    #[arg(long, default_value_t = 500)]
    pub keys: u64,
    /// Damages of each sort that `damage` does to each file.
    #[arg(long, default_value_t = 4)]
    pub tries: u64,
}

/// Options of killing.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct KillOptions {
    #[command(flatten)]
    pub measure: MeasureOptions,
    /// How often.
    #[arg(long, default_value_t = 50)]
    pub times: u64,
}
