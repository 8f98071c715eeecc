//! Reports as Markdown: the README's table of guarantees, and the page of all cases.
//!
//! The same reports give the same text, whatever order they come in.

mod broken;
mod cases;

use std::fmt::Write;

use anyhow::{Context as _, Result};

pub use self::broken::Caught;
use crate::{Abilities, Report};

/// Where the table stands in a file that is otherwise written by hand.
const BEGIN: &str = "<!-- conformance: begin -->";
const END: &str = "<!-- conformance: end -->";

/// The table of backends and what they guarantee.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let mut text = row([
        "backend",
        "survives the process",
        "exact counts",
        "search",
        "longest key",
        "longest value",
        "cases that hold",
    ]);
    text += &row(["---"; 7]);
    for report in sorted(reports).into_iter().filter(|report| !report.partial) {
        let mut cells = vec![format!("`{}`", report.subject)];
        cells.extend(abilities(report.abilities.as_ref()));
        let counts = report.counts();
        let owed = counts.passed + counts.refused + counts.failed;
        cells.push(match counts.refused {
            0 => format!("{} of {owed}", counts.passed),
            refused => format!("{} of {owed}, {refused} refused", counts.passed),
        });
        text += &row(cells);
    }
    text
}

/// The page of all cases: backends, families, each case with what became of it, and the broken stores that were caught.
#[must_use]
pub fn page(reports: &[Report], caught: &[Caught]) -> String {
    let (partial, reports): (Vec<_>, Vec<_>) =
        sorted(reports).into_iter().partition(|report| report.partial);
    let mut text = INTRODUCTION.to_owned();
    let mut section = |title: &str, body: String| {
        // Writing to a text does not fail.
        let _ = write!(text, "\n## {title}\n\n{body}");
    };
    let copies: Vec<_> = reports.iter().map(|report| (*report).clone()).collect();
    section("Backends", table(&copies));
    section("Families", cases::families(&reports));
    section("Cases", cases::cases(&reports));
    if !partial.is_empty() {
        section("Killed", format!("{KILLED}\n{}", cases::some(&partial)));
    }
    if !caught.is_empty() {
        section("The suite is tested", broken::table(caught));
    }
    text
}

/// The text with this table between its marks.
pub fn insert(text: &str, table: &str) -> Result<String> {
    let missing = || format!("there is no {BEGIN} … {END}");
    let (before, rest) = text.split_once(BEGIN).with_context(missing)?;
    let (_, after) = rest.split_once(END).with_context(missing)?;
    Ok(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

fn sorted(reports: &[Report]) -> Vec<&Report> {
    let mut reports: Vec<_> = reports.iter().collect();
    reports.sort_by(|one, other| one.subject.cmp(&other.subject));
    reports
}

fn abilities(abilities: Option<&Abilities>) -> [String; 5] {
    let Some(abilities) = abilities else {
        return [const { String::new() }; 5].map(|_| "?".to_owned());
    };
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    [
        yes(abilities.persistent),
        yes(abilities.exact_len),
        yes(abilities.search),
        bytes(abilities.max_key_bytes),
        bytes(abilities.max_value_bytes),
    ]
}

fn bytes(limit: Option<usize>) -> String {
    match limit {
        None => "no limit".to_owned(),
        Some(bytes) if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        Some(bytes) if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        Some(bytes) => format!("{bytes} bytes"),
    }
}

/// A row of a table; a bar in a cell would end it.
fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let cells: Vec<_> = cells
        .into_iter()
        .map(|cell| cell.as_ref().replace('|', "\\|").replace('\n', " "))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

const INTRODUCTION: &str = "\
# What every backend is held to

Made by `scripts/test --pages` of the reports of a run; `scripts/test` fails where it is stale. The \
cases are in the crate `store-conformance`, which anybody can run on a backend of their own: as named tests, or with \
`store conformance URL`.

*Refused* means that a backend does not have something, says so in its capabilities, and refuses it. A case that cannot be \
tried through the public API stands here with the reason. *With store-kafka* means changelog topics and restoring from them, for \
which there is no crate in this workspace: they are named so that nothing is left out silently.
";

const KILLED: &str = "\
What keeps the state of these places is a process of its own. The cases that kill it did so by `kill -9`, between commits \
and in them, and started it again on what it had written. The power was not cut: what was handed to the operating system \
stays.
";

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, bytes, insert, page, table};
    use crate::{Line, Outcome, Report};

    fn reports() -> [Report; 2] {
        let report = |subject: &str, second| {
            let cases = [
                ("KV-01", "a|b", Outcome::Passed),
                ("KV-02", "search", second),
                ("RS-01", "restore", Outcome::WithKafka),
                ("IT-09", "remove", Outcome::NotApplicable("there is no such call".to_owned())),
            ];
            let line = |(id, about, outcome)| Line::new(id, about, outcome);
            Report::new(subject.to_owned(), None, 0, cases.map(line).into())
        };
        let refused = Outcome::Refused("no search".to_owned());
        [report("two", refused), report("one", Outcome::Failed("at 7 o'clock".to_owned()))]
    }

    #[test]
    fn a_page_is_the_same_in_any_order_and_tells_all_outcomes() {
        let [two, one] = reports();
        let text = page(&[two.clone(), one.clone()], &[]);
        assert_eq!(text, page(&[one, two], &[]));
        assert!(text.contains("| KV-01 | a\\|b | passed |\n"), "{text}");
        let mixed = "| KV-02 | search | one: **failed**; two: refused (no search) |\n";
        assert!(text.contains(mixed), "{text}");
        assert!(text.contains("| IT-09 | remove | not applicable: there is no such call |\n"));
        assert!(text.contains("| RS-01 | restore | with store-kafka |\n"));
        assert!(!text.contains("o'clock"), "what differs from run to run stays out");
    }

    #[test]
    fn a_place_that_was_held_to_some_cases_has_a_table_of_its_own() {
        let [two, one] = reports();
        let mut killed = two.clone();
        killed.subject = "two, killed".to_owned();
        killed.partial = true;
        killed.cases.truncate(1);
        killed.cases[0].outcome = Outcome::PassedBy("3 kills".to_owned());
        let (without, with) =
            (page(&[one.clone(), two.clone()], &[]), page(&[one, two, killed], &[]));
        let (before, after) = with.split_at(without.len());
        assert_eq!(before, without, "it is no backend");
        assert!(after.ends_with("| KV-01 | a\\|b | passed (3 kills) |\n"), "{after}");
    }

    #[test]
    fn the_table_goes_between_its_marks() {
        let table = table(&reports());
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines[2], "| `one` | ? | ? | ? | ? | ? | 1 of 2 |");
        assert_eq!(lines[3], "| `two` | ? | ? | ? | ? | ? | 1 of 2, 1 refused |");
        let text = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let new = insert(&text, &table).unwrap();
        assert_eq!(new, format!("before\n{BEGIN}\n{table}{END}\nafter\n"));
        assert_eq!(insert(&new, &table).unwrap(), new);
        assert!(insert("no marks", &table).is_err());
    }

    #[test]
    fn lengths_are_read_easily() {
        let limits = [None, Some(8 << 20), Some(20 << 10), Some(65_530), Some(7)];
        let texts = limits.map(bytes);
        assert_eq!(texts, ["no limit", "8 MiB", "20 KiB", "65530 bytes", "7 bytes"]);
    }
}
