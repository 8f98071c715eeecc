//! Compares embedded storage engines on what a state store asks of them, in one run, and prints one table.
//!
//! Every engine and layout runs in a process of its own, so that memory and open files are its own.
//! `engines compare` prints the table; `engines full-disk` and `engines damage` print what happens on a full disk
//! and with damaged files.

mod args;
mod compare;
mod crash;
mod damage;
mod data;
mod engine;
mod full_disk;
mod phase;
mod probe;
mod process;
mod report;

use anyhow::Result;
use args::{Args, Command};
use clap::Parser;

fn main() -> Result<()> {
    match Args::parse().command {
        Command::Compare(options) => compare::run(&options),
        Command::Measure(options) => compare::measure(&options),
        Command::MeasureSegments(options) => compare::measure_segments(&options),
        Command::Hold(options) => crash::hold(&options),
        Command::Kill(options) => crash::kill_often(&options),
        Command::FullDisk(options) => full_disk::run(&options),
        Command::Damage(options) => damage::run(&options),
        Command::Probe(options) => probe::run(&options),
    }
}
