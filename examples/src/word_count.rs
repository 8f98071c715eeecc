//! Counts words exactly once, whatever kills the program: counts and file positions commit together.

use std::{
    fs::File,
    io::{BufRead, BufReader, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use futures::TryStreamExt;
use store::prelude::*;

/// How often each word occurs.
static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// A word count in progress: one task, one store.
#[derive(Debug)]
pub struct WordCount {
    task: Task,
    counts: Arc<dyn KeyValueStore<String, u64>>,
    commit_every: u64,
}

impl WordCount {
    /// Claims the task and goes on from its last commit; commits every so many lines, at least 1.
    pub async fn open(database: &Database, commit_every: u64) -> Result<Self> {
        let task = database.task("word-count", 0).store(&COUNTS).open().await?;
        let counts = task.store(&COUNTS)?;
        Ok(Self { task, counts, commit_every: commit_every.max(1) })
    }

    /// Counts what is new in a file; calls `progress` with the position and length in bytes. Gives the new bytes.
    pub async fn count_file(&self, path: &Path, progress: impl Fn(u64, u64) + Sync) -> Result<u64> {
        let path =
            path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
        let source = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
        let mut file = File::open(&path).with_context(|| format!("cannot open {source}"))?;
        let length = file.metadata()?.len();
        let stored = self.task.checkpoint()?.offsets.get(source).copied().unwrap_or(0);
        let start = u64::try_from(stored).context("a stored position is negative")?;
        ensure!(
            start <= length,
            "{source} has {length} bytes, but {start} were counted before: count it into another state"
        );
        if start > 0 && start < length {
            // A last line without its end was counted: what follows may be the rest of its last word.
            let mut last = [0];
            file.read_exact_at(&mut last, start - 1)?;
            ensure!(
                last == *b"\n",
                "{source} goes on in a line that was counted: count it into another state"
            );
        }
        file.seek(SeekFrom::Start(start))?;
        let commit = |position| {
            progress(position, length);
            [(source.to_owned(), position.cast_signed())]
        };
        let counted = self.count_lines(BufReader::new(file), start, commit).await;
        Ok(counted.with_context(|| format!("cannot count {source}"))? - start)
    }

    /// Counts a stream that cannot be read again: after a crash nobody knows how much of it was counted.
    pub async fn count_once(&self, input: impl BufRead) -> Result<u64> {
        self.count_lines(input, 0, |_| []).await
    }

    async fn count_lines<const N: usize>(
        &self,
        mut input: impl BufRead,
        mut position: u64,
        offsets: impl Fn(u64) -> [(String, i64); N] + Sync,
    ) -> Result<u64> {
        let (mut line, mut lines) = (Vec::new(), 0);
        let mut committed = position;
        while input.read_until(b'\n', &mut line)? > 0 {
            for word in words(&line) {
                let counted = self.counts.update(&word, |n| Some(n.unwrap_or(0) + 1)).await;
                counted.with_context(|| format!("in the line at byte {position}"))?;
            }
            position += line.len() as u64;
            line.clear();
            lines += 1;
            if lines % self.commit_every == 0 || self.task.wants_commit() {
                self.task.commit(offsets(position)).await?;
                committed = position;
            }
        }
        if committed < position {
            self.task.commit(offsets(position)).await?;
        }
        Ok(position)
    }

    /// The words and how often they occur, highest count first, then by word; at most `top`, all for 0.
    pub async fn top(&self, top: usize) -> Result<Vec<(u64, String)>> {
        let entries = self.counts.all().map_ok(|(word, count)| (count, word));
        let mut words: Vec<_> = entries.try_collect().await?;
        words.sort_unstable_by(|(n, a), (m, b)| m.cmp(n).then_with(|| a.cmp(b)));
        words.truncate(if top == 0 { words.len() } else { top });
        Ok(words)
    }
}

/// The maximal runs of alphanumeric characters, lower-cased; invalid UTF-8 separates.
fn words(line: &[u8]) -> impl Iterator<Item = String> {
    let texts = line.utf8_chunks().map(|chunk| chunk.valid());
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::{WordCount, words};

    #[tokio::test]
    async fn files_that_grow_are_counted_on_whole_lines_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let database = store::connect("memory:").await.unwrap();
        let count = WordCount::open(&database, 1).await.unwrap();
        let append = |text: &str| {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        append("a b\na\n");
        assert_eq!(count.count_file(&path, |_, _| {}).await.unwrap(), 6);
        append("a wor");
        assert_eq!(count.count_file(&path, |_, _| {}).await.unwrap(), 5);
        append("ld\n");
        let error = count.count_file(&path, |_, _| {}).await.unwrap_err();
        assert!(error.to_string().contains("goes on in a line"), "{error}");
        let top = count.top(2).await.unwrap();
        assert_eq!(top, [(3, "a".to_owned()), (1, "b".to_owned())]);
        fs::write(&path, "a").unwrap();
        assert!(count.count_file(&path, |_, _| {}).await.is_err(), "a file that shrank");
    }

    #[test]
    fn words_are_runs_of_alphanumerics() {
        let found = |line: &[u8]| words(line).collect::<Vec<_>>().join(" ");
        assert_eq!(found("The cat's 2 Äpfel, x_y\n".as_bytes()), "the cat s 2 äpfel x y");
        assert_eq!(found(b"ab\xffcd \xe2\x82 e"), "ab cd e");
        assert_eq!(found(b" \n"), "");
    }
}
