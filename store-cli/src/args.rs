//! The command line.

use bytes::Bytes;
use clap::{Args as ClapArgs, Parser, Subcommand};

/// Works the state stores of stream processors.
#[derive(Debug, Parser)]
#[command(name = "store", version)]
pub(crate) struct Args {
    /// Prints JSON lines; also chosen where standard output is no terminal.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists an application's tasks.
    Tasks(ApplicationOptions),
    /// Shows a task: its epoch, last commit, offsets and stores.
    Describe(TaskOptions),
    /// Prints the committed value of a key; exit code 1 where there is none.
    Get(GetOptions),
    /// Prints the committed entries of a store, in the order of their keys.
    Scan(ScanOptions),
    /// Removes a task's state for good.
    Destroy(DestroyOptions),
    /// Claims a task and works it by commands: a prompt on a terminal, else one JSON object per line.
    Shell(TaskOptions),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ApplicationOptions {
    /// Where the state is, for example embedded:./state.
    pub(crate) url: String,
    /// The application.
    #[arg(long, short)]
    pub(crate) application: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TaskOptions {
    #[command(flatten)]
    pub(crate) application: ApplicationOptions,
    /// The partition.
    #[arg(long, short, default_value_t = 0)]
    pub(crate) partition: u32,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StoreOptions {
    #[command(flatten)]
    pub(crate) task: TaskOptions,
    /// The store.
    #[arg(long, short)]
    pub(crate) store: String,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct GetOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// The stored key: text, or hex:00ff.
    #[arg(value_parser = key)]
    pub(crate) key: Bytes,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ScanOptions {
    #[command(flatten)]
    pub(crate) store: StoreOptions,
    /// The lowest stored key, inclusive: text, or hex:00ff.
    #[arg(long, value_parser = key)]
    pub(crate) from: Option<Bytes>,
    /// The highest stored key, inclusive.
    #[arg(long, value_parser = key)]
    pub(crate) to: Option<Bytes>,
    /// Only keys that begin so.
    #[arg(long, value_parser = key, conflicts_with_all = ["from", "to"])]
    pub(crate) prefix: Option<Bytes>,
    /// Highest key first.
    #[arg(long)]
    pub(crate) reverse: bool,
    /// How many entries at the most.
    #[arg(long)]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DestroyOptions {
    #[command(flatten)]
    pub(crate) task: TaskOptions,
    /// Does not ask.
    #[arg(long)]
    pub(crate) yes: bool,
}

fn key(text: &str) -> Result<Bytes, String> {
    match text.strip_prefix("hex:") {
        None => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Some(digits) => hex::decode(digits).map(Bytes::from).map_err(|error| error.to_string()),
    }
}
