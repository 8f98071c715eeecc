//! The word count under kills, on every backend.
//!
//! Where another process can reach the state the program is killed with `kill -9` at random moments; where it lives in a
//! process, its backend stops answering at a random call. `KILLS=100` kills more often, `TEXT=FILE` counts another text.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use examples::word_count::WordCount;
use integration_tests::{Place, Sort, block_on, run_with_servers};
use libtest_mimic::Trial;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{
    backend::TaskId,
    memory::MemoryBackend,
    transfer::{self, MoveOptions},
};
use store_core::{Database, EngineConfig, layers::CutOff};
use tempfile::TempDir;

fn main() -> ExitCode {
    run_with_servers(|servers| {
        let mut trials = Vec::new();
        for sort in Sort::ALL.into_iter().filter(|sort| servers.take(&[*sort])) {
            let ours = servers.clone();
            trials.push(Trial::test(format!("{sort}::cut_off"), move || {
                // Each call takes milliseconds.
                let cuts = if sort.java().is_some() { 10 } else { 30 };
                block_on(cut_off(ours.place(sort)?, &Text::new()?, kills(cuts)))
            }));
            if sort.has_url() {
                let servers = servers.clone();
                trials.push(Trial::test(format!("{sort}::kill_9"), move || {
                    let place = servers.place(sort)?;
                    let url = place.url().context("a URL")?;
                    kill_9(&url, &Text::new()?).map_err(|error| format!("{error:#}").into())
                }));
            }
        }
        for (from, to) in MOVES.into_iter().filter(|(from, to)| servers.take(&[*from, *to])) {
            let servers = servers.clone();
            trials.push(Trial::test(format!("moved_from_{from}_to_{to}"), move || {
                let places = (servers.place(from)?, servers.place(to)?);
                block_on(moved(places.0, places.1, &Text::new()?))
            }));
        }
        trials
    })
}

/// Between which backends a count is moved.
const MOVES: [(Sort, Sort); 4] = [
    (Sort::Embedded, Sort::Redis),
    (Sort::Redis, Sort::Embedded),
    (Sort::Memory, Sort::Toy),
    (Sort::Toy, Sort::Embedded),
];

/// Begins a count at one place, moves it, and goes on at the other: the same as a count that was never moved.
async fn moved(from: Place, to: Place, text: &Text) -> Result<()> {
    let cut_off = CutOff::after(600);
    let database = from.database().await?.layer(cut_off.clone());
    let begin = async {
        let count = WordCount::open(&database, 3).await?;
        count.count_file(&text.path, |_, _| {}).await
    };
    tokio::select! {
        biased;
        () = cut_off.cut() => {}
        counted = begin => ensure!(counted? == 0, "the count ended before it was moved"),
    }
    drop(database);
    let (from, to) = (from.database().await?, to.database().await?);
    let task = TaskId::new("word-count", 0)?;
    let moved = transfer::copy(&from, &to, &task, &MoveOptions::default(), &|_| {}).await?;
    ensure!(moved.written > 100, "only {} words were counted before the move", moved.written);
    let count = WordCount::open(&to, 100).await?;
    ensure!(count.count_file(&text.path, |_, _| {}).await? > 0, "nothing was left to be counted");
    let alone = Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default())?;
    let alone = WordCount::open(&alone, 100).await?;
    alone.count_file(&text.path, |_, _| {}).await?;
    ensure!(count.top(0).await? == alone.top(0).await?, "the counts differ");
    text.check(&count.top(0).await?)
}

fn kills(default: u64) -> u64 {
    env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(default)
}

/// A text, and how often each of its words occurs by the count of other tools.
struct Text {
    path: PathBuf,
    counts: HashMap<String, u64>,
    _folder: TempDir,
}

impl Text {
    fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = match env::var_os("TEXT") {
            Some(path) => path.into(),
            None => repository_text(folder.path())?,
        };
        let counts = counted_by_other_tools(&path)?;
        Ok(Self { path, counts, _folder: folder })
    }

    fn check(&self, counted: &[(u64, String)]) -> Result<()> {
        ensure!(!counted.is_empty(), "nothing was counted");
        ensure!(counted.is_sorted_by(|(n, a), (m, b)| n > m || (n == m && a < b)), "not sorted");
        let counted: HashMap<_, _> = counted.iter().map(|(n, word)| (word.clone(), *n)).collect();
        for (word, count) in &self.counts {
            let found = counted.get(word).copied();
            ensure!(found == Some(*count), "{word:?} occurs {count} times, counted {found:?}");
        }
        ensure!(counted.len() == self.counts.len(), "words were counted that are not there");
        Ok(())
    }
}

/// The repository's own sources and documents, as ASCII, so that tools without Unicode agree on what a word is.
fn repository_text(folder: &Path) -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let listed = Command::new("find")
        .arg(&root)
        .args(["-not", "-path", "*/target/*", "(", "-name", "*.md", "-o", "-name", "*.rs", ")"])
        .output()?;
    let mut text = Vec::new();
    let mut files: Vec<_> = std::str::from_utf8(&listed.stdout)?.lines().collect();
    files.sort_unstable();
    for file in files {
        text.extend(fs::read(file)?);
    }
    ensure!(text.len() > 200_000, "only {} bytes of text", text.len());
    text.retain(u8::is_ascii);
    let path = folder.join("text.txt");
    fs::write(&path, text)?;
    Ok(path)
}

fn counted_by_other_tools(path: &Path) -> Result<HashMap<String, u64>> {
    let pipe = r#"LC_ALL=C tr -cs 'a-zA-Z0-9' '\n' < "$1" | tr A-Z a-z | LC_ALL=C sort | uniq -c"#;
    let output = Command::new("sh").args(["-c", pipe, "sh"]).arg(path).output()?;
    let lines = std::str::from_utf8(&output.stdout)?.lines();
    let pair = |line: &str| {
        let (count, word) = line.trim_start().split_once(' ')?;
        // What stands before the first word, where the text begins with none.
        (!word.is_empty()).then_some((word.to_owned(), count.parse().ok()?))
    };
    let counts: HashMap<_, _> = lines.filter_map(pair).collect();
    ensure!(counts.len() > 1000, "only {} words", counts.len());
    Ok(counts)
}

/// Runs the count on a backend that stops answering, again and again, then to its end, then once more.
async fn cut_off(place: Place, text: &Text, most: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(5);
    let mut cuts = 0;
    while cuts < most {
        let cut_off = CutOff::after(random.random_range(0..4000));
        let database = place.database().await?.layer(cut_off.clone());
        let count = async {
            let count = WordCount::open(&database, 3).await?;
            count.count_file(&text.path, |_, _| {}).await
        };
        tokio::select! {
            biased;
            () = cut_off.cut() => cuts += 1,
            counted = count => {
                counted?;
                break;
            }
        }
    }
    ensure!(cuts >= most.min(10), "only {cuts} runs were cut off");
    let database = place.database().await?;
    let count = WordCount::open(&database, 100).await?;
    count.count_file(&text.path, |_, _| {}).await?;
    text.check(&count.top(0).await?)?;
    let again = count.count_file(&text.path, |_, _| {}).await?;
    ensure!(again == 0, "a finished count counted {again} bytes again");
    text.check(&count.top(0).await?)
}

fn word_count(url: &str, text: &Text, commit_every: &str, top: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_word_count"));
    command.args(["--state", url, "--commit-every", commit_every, "--top", top]).arg(&text.path);
    command
}

/// Kills the program with `kill -9` at random moments, then lets it finish, then runs it once more.
fn kill_9(url: &str, text: &Text) -> Result<()> {
    let mut random = StdRng::from_os_rng();
    let mut killed = 0;
    for _ in 0..kills(15) {
        let mut child = word_count(url, text, "2", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start word_count")?;
        thread::sleep(Duration::from_millis(random.random_range(5..250)));
        killed += u64::from(child.try_wait()?.is_none());
        child.kill()?;
        child.wait()?;
    }
    println!("{killed} of {} runs were killed before they had ended", kills(15));
    let finished = word_count(url, text, "1000", "0").output()?;
    let said = String::from_utf8_lossy(&finished.stderr);
    ensure!(finished.status.success(), "{said}");
    check_output(text, &finished.stdout)?;
    let again = word_count(url, text, "1000", "0").output()?;
    ensure!(again.stdout == finished.stdout, "a second run changed the counts");
    let said = String::from_utf8_lossy(&again.stderr);
    ensure!(said.contains("nothing new"), "a second run does not say so: {said}");
    Ok(())
}

fn check_output(text: &Text, output: &[u8]) -> Result<()> {
    let line = |line: &str| -> Option<(u64, String)> {
        let (count, word) = line.split_once('\t')?;
        Some((count.parse().ok()?, word.to_owned()))
    };
    let counted: Option<Vec<_>> = std::str::from_utf8(output)?.lines().map(line).collect();
    text.check(&counted.context("a line is not COUNT, tab, WORD")?)
}
