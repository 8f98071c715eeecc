//! The commands: each connects, reads or acts, and prints rows.

use std::io::{self, IsTerminal, Write};

use anyhow::{Result, bail, ensure};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use store::{
    Order, ReadTask,
    backend::{KeyRange, StoreSpec},
};
use store_cli::shell::{Data, Session, serve};
use tokio::io::{BufReader, stdin, stdout};

use crate::{
    args::{
        ApplicationOptions, DestroyOptions, GetOptions, ScanOptions, StoreOptions, TaskOptions,
    },
    output::Output,
    prompt,
};

pub(crate) async fn tasks(options: &ApplicationOptions, output: &Output) -> Result<()> {
    let database = store::connect(&options.url).await?;
    let mut rows = output.rows(&["partition", "epoch", "sequence", "offsets", "stores"]);
    for summary in database.tasks(&options.application).await? {
        let checkpoint = summary.checkpoint;
        let stores: Vec<_> = checkpoint.stores.values().map(|store| &store.spec.name).collect();
        let (partition, epoch) = (summary.task.partition, summary.epoch);
        rows.add([
            json!(partition),
            json!(epoch),
            json!(checkpoint.sequence),
            json!(checkpoint.offsets),
            json!(stores),
        ])?;
    }
    Ok(rows.finish()?)
}

async fn read(task: &TaskOptions) -> Result<ReadTask> {
    let database = store::connect(&task.application.url).await?;
    Ok(database.read(&task.application.application, task.partition).await?)
}

pub(crate) async fn describe(options: &TaskOptions, output: &Output) -> Result<()> {
    let task = read(options).await?;
    let checkpoint = task.checkpoint().await?;
    let mut rows = output.rows(&["what", "name", "value"]);
    rows.add([
        json!("task"),
        json!(task.id().to_string()),
        json!(format!("commit {}", checkpoint.sequence)),
    ])?;
    for (source, offset) in &checkpoint.offsets {
        rows.add([json!("offset"), json!(source), json!(offset)])?;
    }
    for (source, ranges) in &checkpoint.ahead {
        rows.add([json!("done ahead"), json!(source), json!(ranges)])?;
    }
    for state in checkpoint.stores.values() {
        let StoreSpec { name, kind, key_codec, value_codec, .. } = &state.spec;
        let maps = task.maps(name.as_str()).await?;
        let segments = state.segments.iter().map(|&segment| Some(segment));
        let mut entries = maps.approximate_len(None).await?;
        for segment in segments {
            entries += maps.approximate_len(segment).await?;
        }
        let mut said = format!("{kind}, {key_codec} to {value_codec}, about {entries} entries");
        if let Some(time) = state.stream_time {
            said += &format!(", stream time {time} ms");
        }
        rows.add([json!("store"), json!(name), json!(said)])?;
    }
    Ok(rows.finish()?)
}

pub(crate) async fn get(options: &GetOptions, output: &Output) -> Result<()> {
    let StoreOptions { task, store } = &options.store;
    let maps = read(task).await?.maps(store).await?;
    let Some(value) = maps.get(None, options.key.clone()).await? else {
        bail!("store {store} has no such key");
    };
    let mut rows = output.rows(&["value"]);
    rows.add([json!(Data::from(value))])?;
    Ok(rows.finish()?)
}

pub(crate) async fn scan(options: &ScanOptions, output: &Output) -> Result<()> {
    let StoreOptions { task, store } = &options.store;
    let maps = read(task).await?.maps(store).await?;
    let range = match &options.prefix {
        Some(prefix) => KeyRange::prefix(prefix.clone()),
        None => KeyRange::inclusive(options.from.clone(), options.to.clone()),
    };
    let order = if options.reverse { Order::Backward } else { Order::Forward };
    let mut rows = output.rows(&["key", "value"]);
    let entries = maps.scan(None, range, order).take(options.limit.unwrap_or(usize::MAX));
    let mut entries = std::pin::pin!(entries);
    while let Some((key, value)) = entries.try_next().await? {
        rows.add([key, value].map(|bytes| -> Value { json!(Data::from(bytes)) }))?;
    }
    Ok(rows.finish()?)
}

pub(crate) async fn destroy(options: &DestroyOptions) -> Result<()> {
    let TaskOptions { application, partition } = &options.task;
    let database = store::connect(&application.url).await?;
    let name = format!("{}/{partition}", application.application);
    if !options.yes {
        ensure!(
            io::stdin().is_terminal(),
            "destroying {name} needs --yes where nobody can be asked"
        );
        eprint!("Remove the state of task {name} for good? Type its name to go on: ");
        io::stderr().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        ensure!(answer.trim() == name, "nothing was removed");
    }
    database.destroy(&application.application, *partition).await?;
    eprintln!("removed the state of task {name}");
    Ok(())
}

pub(crate) async fn shell(options: &TaskOptions) -> Result<()> {
    let TaskOptions { application, partition } = options;
    let database = store::connect(&application.url).await?;
    let session = Session::new(database, &application.application, *partition);
    if io::stdin().is_terminal() {
        return prompt::run(session).await;
    }
    Ok(serve(session, BufReader::new(stdin()), stdout()).await?)
}
