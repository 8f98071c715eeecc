//! `store conformance`.

mod place;
mod remembered;

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};
use store::Config;
use store_conformance::{Judge, Line, Outcome, Report, Subject};
use tokio::runtime::Runtime;

use self::{place::Place, remembered::Tasks};
use crate::{Failure, args::Conformance, connect, output::Output, text::cut};

/// Holds the backend of a URL to the cases; failing where one does not hold.
pub(crate) fn run(
    args: &Conformance,
    mut output: Output,
    runtime: &Runtime,
) -> Result<(), Failure> {
    connect::check(&args.url)?;
    let config = Config::from_url(&args.url)?;
    let judge = Judge::new(args.seed).with_prefix(&args.only);
    let cases = judge.entries().count();
    if cases == 0 {
        return Err(Failure::Usage(format!("no case starts with {}", args.only)));
    }
    let tasks = Tasks::default();
    let place = Place::new(&config, tasks.clone())?;
    // What keeps all cases from running is told once.
    runtime.block_on(place.connect())?;
    drop(place);

    let name = args.url.split(':').next().unwrap_or_default();
    let kept = tasks.clone();
    let subject = Subject::new(name, move || {
        let place = Place::new(&config, kept.clone());
        async move { Ok(place?) }
    });
    let progress = progress(cases);
    let report = judge.report(&subject, |line| {
        if let Outcome::Failed(_) = line.outcome {
            // Told at once, also where no bar is drawn; who does not listen is told by the report.
            let told = format!("{} {} does not hold\n", line.id, line.about);
            progress.suspend(|| drop(io::stderr().write_all(told.as_bytes())));
        }
        progress.set_message(line.id.clone());
        progress.inc(1);
    });
    progress.finish_and_clear();
    // Told first: where what was left cannot be removed, the cases have run all the same.
    show(&report, &mut output)?;
    let removed = runtime.block_on(tasks.destroy());
    verdict(&report)?;
    Ok(removed?)
}

/// Nothing is drawn where standard error is no terminal.
fn progress(cases: usize) -> ProgressBar {
    let progress = ProgressBar::new(u64::try_from(cases).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        Ok(style) => progress.with_style(style),
        Err(_) => progress,
    }
}

/// What does not hold and what was refused, then the counts.
fn show(report: &Report, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        output.json(report)?;
        return output.flush();
    }
    let told = |line: &Line| {
        let (what, reason) = match &line.outcome {
            Outcome::Failed(reason) => ("failed", reason),
            Outcome::Refused(reason) => ("refused", reason),
            _ => return None,
        };
        Some(vec![line.id.clone(), line.about.clone(), what.to_owned(), cut(reason)])
    };
    let rows: Vec<_> = report.cases.iter().filter_map(told).collect();
    if !rows.is_empty() {
        output.table(&["CASE", "ASSERTS", "OUTCOME", "REASON"], rows)?;
    }
    let counts = report.counts().named().into_iter().filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts.map(|(name, count)| format!("{count} {name}")).collect();
    output.line(&counts.join(", "))?;
    output.flush()
}

fn verdict(report: &Report) -> Result<(), Failure> {
    match report.failed().count() {
        0 => Ok(()),
        failed => Err(Failure::NotHeld(failed, report.cases.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;
    use crate::Failure;

    #[test]
    fn one_case_that_fails_fails_the_command() {
        let report = |outcome: &str| {
            let cases = format!(
                r#"[{{"id":"A-1","about":"","outcome":"passed"}},{{"id":"A-2","about":"",{outcome}}}]"#
            );
            let report = format!(r#"{{"subject":"x","abilities":null,"seed":0,"cases":{cases}}}"#);
            serde_json::from_str(&report).unwrap()
        };
        verdict(&report(r#""outcome":"refused","reason":"no search""#)).unwrap();
        let failed = verdict(&report(r#""outcome":"failed","reason":"half a commit""#));
        assert!(matches!(failed, Err(Failure::NotHeld(1, 2))));
    }
}
