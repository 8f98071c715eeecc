//! Each case, and what became of it on each backend.

use super::row;
use crate::{Counts, FAMILIES, Line, Outcome, Report};

/// How many cases of each family came to what.
pub(super) fn families(reports: &[&Report]) -> String {
    let mut heads = vec!["family".to_owned(), "about".to_owned()];
    heads.extend(reports.iter().map(|report| format!("`{}`", report.subject)));
    let mut text = row(&heads);
    text += &row(vec!["---"; heads.len()]);
    for family in order(reports) {
        let mut cells = vec![family.to_owned(), title(family).to_owned()];
        for report in reports {
            cells.push(counts(report.cases.iter().filter(|line| line.family() == family)));
        }
        text += &row(cells);
    }
    text
}

/// Each case by its family.
pub(super) fn cases(reports: &[&Report]) -> String {
    let mut tables = Vec::new();
    for family in order(reports) {
        let mut text = format!("### {family}: {}\n\n", title(family));
        text += &row(["id", "asserts", "outcome"]);
        text += &row(["---"; 3]);
        let cases = reports.first().into_iter().flat_map(|report| &report.cases);
        for case in cases.filter(|line| line.family() == family) {
            text += &row([&case.id, &case.about, &outcomes(reports, &case.id)]);
        }
        tables.push(text);
    }
    tables.join("\n")
}

/// Some of the cases, with a column for each place that was held to them.
pub(super) fn some(reports: &[&Report]) -> String {
    let mut heads = vec!["id".to_owned(), "asserts".to_owned()];
    heads.extend(reports.iter().map(|report| format!("`{}`", report.subject)));
    let mut text = row(&heads);
    text += &row(vec!["---"; heads.len()]);
    for case in reports.first().into_iter().flat_map(|report| &report.cases) {
        let mut cells = vec![case.id.clone(), case.about.clone()];
        cells.extend(reports.iter().map(|report| told(report, &case.id)));
        text += &row(cells);
    }
    text
}

/// The families, in the order of the first report.
fn order<'a>(reports: &[&'a Report]) -> Vec<&'a str> {
    let mut families = Vec::new();
    for line in reports.first().into_iter().flat_map(|report| &report.cases) {
        if !families.contains(&line.family()) {
            families.push(line.family());
        }
    }
    families
}

fn title(family: &str) -> &str {
    let named = FAMILIES.iter().find(|(prefix, _)| *prefix == family);
    named.map_or(family, |(_, title)| title)
}

fn counts<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let named = Counts::of(lines).named().into_iter().filter(|(_, count)| *count > 0);
    let named: Vec<_> = named.map(|(name, count)| format!("{count} {name}")).collect();
    named.join(", ")
}

/// One word where all backends agree.
fn outcomes(reports: &[&Report], id: &str) -> String {
    let told = |report: &&Report| (report.subject.clone(), told(report, id));
    let outcomes: Vec<_> = reports.iter().map(told).collect();
    match outcomes.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, other)| other == first) => first.clone(),
        _ => {
            let each = outcomes.iter().map(|(subject, text)| format!("{subject}: {text}"));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

/// What became of a case on one backend.
fn told(report: &Report, id: &str) -> String {
    let line = report.cases.iter().find(|line| line.id == id);
    line.map_or_else(|| "not run".to_owned(), |line| outcome(&line.outcome))
}

/// The reason of a failure is not told: it differs from run to run.
fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Passed => "passed".to_owned(),
        Outcome::PassedBy(what) => format!("passed ({what})"),
        Outcome::Refused(reason) => format!("refused ({reason})"),
        Outcome::NotApplicable(reason) => format!("not applicable: {reason}"),
        Outcome::WithKafka => "with store-kafka".to_owned(),
        Outcome::Failed(_) => "**failed**".to_owned(),
    }
}
