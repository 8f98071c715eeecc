//! The tables.

use std::collections::BTreeMap;

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::{goals::Goal, median};
use crate::{
    args::Args,
    commits::Parts,
    contender::Role,
    run::{Place, Rates},
};

/// A line for each row and target: rates with their spread, and the ratio to the first contender of the line.
pub(crate) fn rates_table(args: &Args, rates: &Rates) -> String {
    let mut table =
        new_table(["target", "row", "bare", "waist", "naive", "ours", "uncached", "ours - bare"]);
    for &target in &args.targets {
        for &row in &args.rows {
            let rate = |role| rates.get(&(target, row, role)).map(|rates| median(rates));
            let roles = [Role::Bare, Role::Waist, Role::Naive, Role::Ours, Role::Uncached];
            // The way that everybody has who has no better one.
            let base = rate(Role::Bare).or_else(|| rate(Role::Naive));
            let cell = |role| {
                let Some((rate, spread)) = rate(role) else { return String::new() };
                let ratio = base.map_or(String::new(), |(base, _)| times(rate / base));
                format!("{} ±{:.0}%{ratio}", human(rate), spread * 100.0)
            };
            let cells = roles.map(cell);
            if cells.iter().all(String::is_empty) {
                continue;
            }
            let difference = rate(Role::Ours).zip(rate(Role::Bare));
            let difference = difference.map_or(String::new(), |((ours, _), (bare, _))| {
                format!("{:+.2} µs", 1e6 / ours - 1e6 / bare)
            });
            let names = [name(target), format!("{} {}", name(row), row.unit())];
            table.add_row(names.into_iter().chain(cells).chain([difference]));
        }
    }
    align(&mut table, 2);
    table.to_string()
}

/// A line for each row in which our stores committed: how many commits, and milliseconds of each of their parts.
pub(crate) fn commits_table(commits: &BTreeMap<Place, Parts>) -> String {
    let mut table = new_table(["target", "row", "commits", "freeze ms", "decide ms", "apply ms"]);
    for ((target, row, _), parts) in commits {
        let parts_of_one = [parts.freeze, parts.decide, parts.apply];
        let times = parts_of_one.map(|part| format!("{:.2}", part.milliseconds()));
        let line = [name(target), name(row), parts.commits().to_string()];
        table.add_row(line.into_iter().chain(times));
    }
    align(&mut table, 2);
    table.to_string()
}

/// A line for each goal that was measured.
pub(crate) fn goals_table(goals: &[Goal]) -> String {
    let mut table = new_table(["goal", "measured by", "is", "wanted", "met"]);
    for goal in goals {
        let met = if goal.met { "yes" } else { "no" };
        let numbers = [format!("{:.3}", goal.is), goal.wanted.clone(), met.to_owned()];
        table.add_row([goal.what.clone(), goal.by.clone()].into_iter().chain(numbers));
    }
    align(&mut table, 2);
    table.to_string()
}

fn new_table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(header);
    table
}

fn align(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The name of a target, row or role as the command line has it.
pub(super) fn name(of: impl serde::Serialize) -> String {
    let name = serde_json::to_value(of).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn times(ratio: f64) -> String {
    let digits = if ratio < 10.0 { 2 } else { 0 };
    format!(" ×{ratio:.digits$}")
}

fn human(rate: f64) -> String {
    match rate {
        rate if rate >= 1e6 => format!("{:.2} M", rate / 1e6),
        rate if rate >= 1e5 => format!("{:.0} k", rate / 1e3),
        rate if rate >= 1e3 => format!("{:.1} k", rate / 1e3),
        rate => format!("{rate:.0}"),
    }
}
