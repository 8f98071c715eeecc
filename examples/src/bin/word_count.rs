//! Counts words in files; kill it at any moment and start it again.

use std::{
    io::{BufReader, stdin},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::Parser;
use examples::{terminal, word_count::WordCount};

/// Counts words: prints COUNT, a tab and WORD, the highest count first.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where the counts are kept.
    #[arg(long, default_value = "embedded:word-count-state")]
    state: String,
    /// Lines between two commits.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    commit_every: u64,
    /// How many words to print; 0 prints all.
    #[arg(long, default_value_t = 10)]
    top: usize,
    /// Files to count; `-` is standard input, which cannot be resumed.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("word_count: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<()> {
    let database = store::connect(&args.state).await?;
    eprintln!("counting into {}", args.state);
    let count = WordCount::open(&database, args.commit_every).await?;
    for file in &args.files {
        if file == Path::new("-") {
            eprintln!(
                "standard input cannot be resumed: if this run is cut off, remove the state before the next one"
            );
            count.count_once(BufReader::new(stdin())).await?;
            continue;
        }
        let bar = terminal::bytes_bar()?;
        let progress = |position, length| {
            bar.set_length(length);
            bar.set_position(position);
        };
        match count.count_file(file, progress).await? {
            0 => eprintln!("{}: nothing new", file.display()),
            bytes => eprintln!("{}: counted {bytes} bytes", file.display()),
        }
        bar.finish_and_clear();
    }
    let words = count.top(args.top).await?;
    let lines = words.iter().map(|(count, word)| format!("{count}\t{word}\n"));
    terminal::print(&lines.collect::<String>())
}
