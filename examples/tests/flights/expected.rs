//! What the reports must be, by the calculation of another tool.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use examples::flights::{Flights, Report};
use jiff::Timestamp;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A table of flights and its reports, by SQLite.
pub(crate) struct Expected {
    pub(crate) file: PathBuf,
    pub(crate) hourly: String,
    pub(crate) duty: String,
    /// Questions as of a time, and a line of answer for each.
    pub(crate) as_of: Vec<(Report, String)>,
}

impl Expected {
    /// Of the file that `FLIGHTS` names, else of the excerpt.
    pub(crate) fn calculate() -> Result<Self> {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR"));
        let excerpt = || examples.join("data/flights-excerpt.csv");
        let file = env::var_os("FLIGHTS").map_or_else(excerpt, PathBuf::from);
        let folder = tempfile::tempdir()?;
        let database = folder.path().join("database");
        let sql = examples.join("tests/flights.sql");
        let import = format!(".import --csv '{}' file", file.display());
        sqlite(&database, &[&import, &format!(".read '{}'", sql.display())])?;
        let hourly = sqlite(&database, &["select * from hourly"])?;
        let duty = sqlite(&database, &["select * from duty"])?;
        let questions = questions(&database)?;
        let rows: Vec<_> =
            questions.iter().map(|(carrier, at)| format!("('{carrier}', {at})")).collect();
        let insert = format!("insert into question (carrier, at) values {};", rows.join(", "));
        let asked = folder.path().join("questions.sql");
        fs::write(&asked, insert)?;
        sqlite(&database, &[&format!(".read '{}'", asked.display())])?;
        let answers = sqlite(&database, &["select * from as_of"])?;
        ensure!(answers.lines().count() == questions.len(), "not an answer for each question");
        let pair = |((carrier, at), answer): ((String, i64), &str)| {
            let at = Timestamp::from_second(at)?;
            Ok((Report::AsOf { carrier, at }, format!("{answer}\n")))
        };
        let as_of = questions.into_iter().zip(answers.lines()).map(pair).collect::<Result<_>>()?;
        let expected = Self { file, hourly, duty, as_of };
        expected.is_worth_it()?;
        Ok(expected)
    }

    /// Bytes of the file: what is made longer with it.
    pub(crate) fn length(&self) -> Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Holds the reports of what was processed against it.
    pub(crate) async fn check(&self, flights: &Flights) -> Result<()> {
        same("hourly", &flights.report(&Report::Hourly).await?, &self.hourly)?;
        same("duty", &flights.report(&Report::Duty).await?, &self.duty)?;
        for (question, answer) in &self.as_of {
            same(&format!("{question:?}"), &flights.report(question).await?, answer)?;
        }
        Ok(())
    }

    /// An excerpt without cancelled flights, merged sessions or versions proves little.
    fn is_worth_it(&self) -> Result<()> {
        let field = |line: &str, n| line.split('\t').nth(n).map(str::to_owned);
        let number = |line, n| field(line, n).and_then(|text| text.parse().ok()).unwrap_or(0);
        let cancelled: u64 = self.hourly.lines().map(|line| number(line, 3)).sum();
        let merged = self.duty.lines().filter(|line| number(line, 3) > 1).count();
        let empty = self.as_of.iter().filter(|(_, line)| line.ends_with("\t\t\t\n")).count();
        let latest = self.as_of.iter().filter(|(_, line)| line.ends_with("\t\n")).count() - empty;
        let others = self.as_of.len() - latest - empty;
        println!(
            "{} hours, {cancelled} flights cancelled; {} sessions, {merged} of several flights; \
             {empty} questions before the first version, {latest} after the last, {others} between",
            self.hourly.lines().count(),
            self.duty.lines().count(),
        );
        ensure!(
            cancelled.min(merged as u64) > 100,
            "too few flights cancelled, or sessions merged"
        );
        ensure!(empty.min(latest) > 10 && others > 200, "too few sorts of questions");
        Ok(())
    }
}

/// The first line where two reports differ, as an error.
pub(crate) fn same(report: &str, found: &str, expected: &str) -> Result<()> {
    let mut lines = (1..).zip(found.lines().zip(expected.lines()));
    if let Some((line, (found, expected))) = lines.find(|(_, (a, b))| a != b) {
        anyhow::bail!("line {line} of report {report} is {found:?}, not {expected:?}");
    }
    let [found, expected] = [found, expected].map(|text| (text.lines().count(), text.len()));
    ensure!(found == expected, "report {report}: {found:?} lines and bytes, not {expected:?}");
    Ok(())
}

/// Carriers and seconds: at random, at and beside the beginnings of versions, before the first and after the last.
fn questions(database: &Path) -> Result<Vec<(String, i64)>> {
    let list = "select carrier, since from version order by carrier, since";
    let pair = |line: &str| {
        Some((line.split_once('\t')?.0.to_owned(), line.split_once('\t')?.1.parse().ok()?))
    };
    let versions: Option<Vec<(String, i64)>> =
        sqlite(database, &[list])?.lines().map(pair).collect();
    let versions = versions.context("a version is not carrier, tab, time")?;
    let times = versions.iter().map(|(_, time)| *time);
    let (first, last) = (times.clone().min(), times.max());
    let (first, last) = (first.context("no versions")?, last.context("no versions")?);
    let mut random = random("questions")?;
    let mut questions = vec![("UA".to_owned(), 0), ("no such carrier".to_owned(), last)];
    for _ in 0..200 {
        let (carrier, time) = versions[random.random_range(0..versions.len())].clone();
        let beside = time + random.random_range(-1..=1);
        let at_random = random.random_range(first - 86_400..last + 86_400);
        questions.extend([beside, at_random].map(|at| (carrier.clone(), at)));
    }
    for versions in versions.chunk_by(|(a, _), (b, _)| a == b) {
        let ((carrier, first), (_, last)) = (&versions[0], &versions[versions.len() - 1]);
        let ends = [first - 1, *first, *last, last + 1, last + 86_400 * 400];
        questions.extend(ends.map(|at| (carrier.clone(), at)));
    }
    Ok(questions)
}

/// Chance, by `SEED=n` as it was before.
pub(crate) fn random(what: &str) -> Result<StdRng> {
    let seed = match env::var("SEED") {
        Ok(seed) => seed.parse().context("SEED is no number")?,
        Err(_) => rand::rng().random(),
    };
    println!("{what} by SEED={seed}");
    Ok(StdRng::seed_from_u64(seed))
}

fn sqlite(database: &Path, commands: &[&str]) -> Result<String> {
    let mut sqlite = Command::new("sqlite3");
    let output = sqlite.args(["-batch", "-bail", "-tabs"]).arg(database).args(commands).output();
    let output = output.context("sqlite3 is needed: see scripts/test")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.is_empty(), "sqlite3: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
