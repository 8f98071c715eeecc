//! The command line.

use std::num::NonZeroUsize;

use clap::{Args as Group, Parser, Subcommand};
use store::{
    Result,
    backend::{Name, TaskId},
};

/// Looks into the state that stream processors keep, and works it by commands.
///
/// A URL says where the state is: memory:, embedded:PATH, and those of the servers that this tool was built with. What is read is read as committed, without claiming the
/// task; `shell` and `destroy` claim it, and so do `copy`, `export` and `import`, which fences its owner. `conformance`
/// works beside it, on state of its own.
///
/// Tables on a terminal, JSON lines with --json and where the output is no terminal. Exit codes: 0 ok, 1 the operation
/// failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(name = "store", version, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Print JSON lines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Log more to standard error; twice for even more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the tasks of an application.
    Tasks(Tasks),
    /// Show what a task holds: its last commit, its stores and their sizes.
    Describe(Task),
    /// Show the value of a key.
    Get(Get),
    /// List the rows of a store, by key; windows and sessions segment by segment.
    Scan(Scan),
    /// Remove a task's state for good.
    Destroy(Destroy),
    /// Bring an application's state from one place to another, and check it there; run again, it goes on where it was.
    Copy(Copy),
    /// Write an application's state into a file.
    Export(Export),
    /// Bring the state in a file to a place, and check it there; run again, it goes on where it was.
    Import(Import),
    /// Show hashes of what tasks hold, the same on every backend; compare them where two places are given.
    Verify(Verify),
    /// Claim a task and work it: a prompt on a terminal, else one JSON request per line.
    Shell(Task),
    /// Hold a backend to the cases that every backend is held to, in places of their own below the URL.
    Conformance(Conformance),
}

#[derive(Debug, Group)]
pub(crate) struct Tasks {
    /// Where the state is, for example embedded:./state.
    pub(crate) url: String,
    /// The application.
    #[arg(short, long)]
    pub(crate) application: Name,
}

/// Which task.
#[derive(Debug, Group)]
pub(crate) struct Task {
    /// Where the state is, for example embedded:./state.
    pub(crate) url: String,
    /// The application.
    #[arg(short, long)]
    pub(crate) application: Name,
    /// The partition.
    #[arg(short, long)]
    pub(crate) partition: u32,
}

impl Task {
    pub(crate) fn id(&self) -> Result<TaskId> {
        TaskId::new(self.application.as_str(), self.partition)
    }
}

#[derive(Debug, Group)]
pub(crate) struct Get {
    #[command(flatten)]
    pub(crate) task: Task,
    /// The store.
    #[arg(short, long)]
    pub(crate) store: Name,
    /// The key: text, a number where the store's keys are numbers, or hex:DIGITS for its stored bytes. Text that
    /// starts with hex: is given as text:hex:….
    pub(crate) key: String,
}

#[derive(Debug, Group)]
pub(crate) struct Scan {
    #[command(flatten)]
    pub(crate) task: Task,
    /// The store.
    #[arg(short, long)]
    pub(crate) store: Name,
    /// The lowest key, as for `get`.
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// The highest key, inclusive.
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// Only keys whose bytes start with this: text or hex:DIGITS.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    pub(crate) prefix: Option<String>,
    /// At most so many entries.
    #[arg(short, long)]
    pub(crate) limit: Option<usize>,
    /// From the highest key down.
    #[arg(short, long)]
    pub(crate) reverse: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) task: Task,
    /// Do not ask.
    #[arg(short, long)]
    pub(crate) yes: bool,
}

/// Which tasks.
#[derive(Debug, Group)]
pub(crate) struct Which {
    /// The application.
    #[arg(short, long)]
    pub(crate) application: Name,
    /// The partition; all of them where it is left out.
    #[arg(short, long)]
    pub(crate) partition: Option<u32>,
}

/// How state is brought to a place.
#[derive(Debug, Group)]
pub(crate) struct Bring {
    /// Remove other state that the tasks have there.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Entries of one commit.
    #[arg(long, default_value = "10000")]
    pub(crate) batch: NonZeroUsize,
}

#[derive(Debug, Group)]
pub(crate) struct Copy {
    /// Where the state is, for example embedded:./state.
    pub(crate) from: String,
    /// Where it is to be, too.
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) bring: Bring,
}

#[derive(Debug, Group)]
pub(crate) struct Export {
    /// Where the state is, for example embedded:./state.
    pub(crate) url: String,
    /// The file, or - for standard output.
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Replace the file where it is there already.
    #[arg(long)]
    pub(crate) replace: bool,
}

#[derive(Debug, Group)]
pub(crate) struct Import {
    /// The file, or - for standard input. A file is checked as a whole before anything is done.
    pub(crate) file: String,
    /// Where its tasks are to be.
    pub(crate) url: String,
    #[command(flatten)]
    pub(crate) bring: Bring,
}

#[derive(Debug, Group)]
pub(crate) struct Verify {
    /// Where the state is: a URL, or a file that `export` wrote.
    pub(crate) place: String,
    /// Where it is to be the same.
    pub(crate) other: Option<String>,
    /// The application; a file may do without.
    #[arg(short, long)]
    pub(crate) application: Option<Name>,
    /// The partition; all of them where it is left out.
    #[arg(short, long)]
    pub(crate) partition: Option<u32>,
}

#[derive(Debug, Group)]
pub(crate) struct Conformance {
    /// Where cases may keep state: each in a fresh folder or namespace, removed afterwards.
    pub(crate) url: String,
    /// Only cases whose id starts with this, for example KV-.
    #[arg(long, default_value = "")]
    pub(crate) only: String,
    /// What cases draw at random.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Args;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
