//! Plays conversations and compares the answers.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use store_core::{Task, prelude::*};

use super::{Line, Recorded};
use crate::Context;

/// What is put between the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    AsRecorded,
    CommitAfterEach,
    ReopenAfterCommit,
    TakeOverAfterCommit,
    ShortSegments,
}

/// Plays all conversations of a kind, each in a place of its own.
pub(super) async fn play<R: Recorded>(context: Context, mode: Mode) -> Result<()> {
    for (number, file) in (1..).zip(R::FILES) {
        let played = play_file::<R>(context.fresh().await?, mode, file).await;
        let compared = played.with_context(|| format!("conversation {number}"))?;
        ensure!(compared > 250, "only {compared} answers were compared");
    }
    Ok(())
}

/// Plays one conversation; gives how many answers were compared.
async fn play_file<R: Recorded>(context: Context, mode: Mode, file: &str) -> Result<usize> {
    let lines: Vec<Value> = file.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let (first, rest) = lines.split_first().context("an empty file")?;
    let definition = R::definition(Line(&first["in"]).store(), mode == Mode::ShortSegments)?;
    let open = async || anyhow::Ok(context.task().await?.store(&definition).open().await?);
    let mut task = open().await?;
    let mut store = task.store(&definition)?;
    for (number, recorded) in (2..).zip(rest) {
        let line = Line(&recorded["in"]);
        if line.op() != "commit" {
            let answer = R::answer(&store, line).await;
            let answer = answer.with_context(|| format!("line {number}: {}", line.0))?;
            let (found, expected) =
                (comparable(line, &answer), comparable(line, &recorded["expect"]));
            ensure!(found == expected, "line {number}: {}\n{found}\n{expected}", line.0);
            if mode == Mode::CommitAfterEach {
                task.commit(()).await?;
            }
            continue;
        }
        let offsets: BTreeMap<String, i64> = serde_json::from_value(line.0["offsets"].clone())?;
        task.commit(offsets).await?;
        match mode {
            Mode::AsRecorded | Mode::CommitAfterEach => {}
            Mode::ReopenAfterCommit | Mode::ShortSegments => {
                task.close().await?;
                drop((task, store));
                task = open().await?;
                store = task.store(&definition)?;
            }
            Mode::TakeOverAfterCommit => {
                let new = open().await?;
                let new_store = new.store(&definition)?;
                outlive::<R>(&task, &store, &new, &new_store).await?;
                (task, store) = (new, new_store);
            }
        }
    }
    Ok(lines.len())
}

/// An answer as it is compared: rows of several keys key by key, since only the order of one key's rows is promised.
fn comparable(line: Line<'_>, answer: &Value) -> Value {
    let mut answer = answer.clone();
    match line.op() {
        "window_fetch_keys" | "window_fetch_all" | "window_all" | "session_find_keys" => {
            if let Some(rows) = answer.as_array_mut() {
                // Stable: the rows of a key stay as they stand.
                rows.sort_by_key(|row| row[0]["hex"].as_str().map(str::to_owned));
            }
        }
        // Kafka Streams counts the prefix up as a number, and so also finds `01` by the prefix `00ff`.
        "prefix" => {
            let prefix = line.0["prefix"]["hex"].as_str().unwrap_or_default();
            if let Some(rows) = answer.as_array_mut() {
                rows.retain(|row| {
                    row[0]["hex"].as_str().is_some_and(|key| key.starts_with(prefix))
                });
            }
        }
        _ => {}
    }
    answer
}

/// An owner that lost its task writes, is fenced, and nothing of it lands.
async fn outlive<R: Recorded>(
    old: &Task,
    old_store: &R::Store,
    new: &Task,
    new_store: &R::Store,
) -> Result<()> {
    let [write, read] = R::ZOMBIE;
    let (write, read): (Value, Value) = (serde_json::from_str(write)?, serde_json::from_str(read)?);
    // It may have to read what is there, and is told of its loss already then.
    if let Err(error) = R::answer(old_store, Line(&write)).await {
        let kind = error.downcast_ref::<Error>().map(Error::kind);
        ensure!(kind == Some(ErrorKind::Fenced), "the old owner's write: {error:#}");
    }
    let fenced = old.commit([("zombie", 1)]).await.err().map(|error| error.kind());
    ensure!(fenced == Some(ErrorKind::Fenced), "the old owner's commit gave {fenced:?}");
    let found = R::answer(new_store, Line(&read)).await?;
    ensure!(found.is_null(), "the old owner's write landed: {found}");
    let offsets = new.checkpoint()?.offsets;
    ensure!(!offsets.contains_key("zombie"), "the old owner's offset landed: {offsets:?}");
    Ok(())
}
