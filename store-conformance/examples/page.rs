//! Makes the README's table and the page of all cases of the reports of a run, or checks that they are up to date.

use std::{fs, path::Path, path::PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use store_conformance::{
    Report,
    render::{self, Caught},
};

/// Makes the README's table and the page of all cases of the reports of a run.
#[derive(Debug, Parser)]
struct Args {
    /// The folder that CONFORMANCE_REPORT named.
    reports: PathBuf,
    /// Change nothing; fail where a file is stale.
    #[arg(long)]
    check: bool,
    /// The file with the table between its marks.
    #[arg(long, default_value = "README.md")]
    readme: PathBuf,
    /// The page of all cases.
    #[arg(long, default_value = "docs/conformance.md")]
    page: PathBuf,
    /// Which cases catch which broken store.
    #[arg(long, num_args = 1.., default_values = RECORDS)]
    caught: Vec<PathBuf>,
}

const RECORDS: [&str; 2] = [
    "store-conformance/tests/broken/caught.json",
    "store-conformance/tests/broken_engine/caught.json",
];

fn main() -> Result<()> {
    let args = Args::parse();
    let reports = reports(&args.reports)?;
    let mut caught = Vec::<Caught>::new();
    for path in &args.caught {
        caught.extend(serde_json::from_str::<Vec<_>>(&read(path)?)?);
    }
    let readme = render::insert(&read(&args.readme)?, &render::table(&reports));
    let readme = readme.with_context(|| args.readme.display().to_string())?;
    settle(&args, &args.readme, &readme)?;
    settle(&args, &args.page, &render::page(&reports, &caught))
}

fn reports(folder: &Path) -> Result<Vec<Report>> {
    let files = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut reports = Vec::new();
    for file in files {
        let path = file?.path();
        let report = serde_json::from_str(&read(&path)?);
        reports.push(report.with_context(|| path.display().to_string())?);
    }
    anyhow::ensure!(!reports.is_empty(), "there are no reports in {}", folder.display());
    Ok(reports)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn settle(args: &Args, path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if args.check {
        bail!(
            "{} is stale: make it anew with `scripts/test --pages`, and look at what changed",
            path.display()
        );
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}
