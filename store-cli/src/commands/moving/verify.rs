//! `store verify`.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;
use store::{
    backend::TaskId,
    transfer::{self, Progress, TaskContent},
};

use super::{
    bar::Bar,
    import::inspect,
    show::{Content, TITLES},
    tasks,
};
use crate::{Failure, args::Verify, connect, output::Output};

type Contents = BTreeMap<TaskId, TaskContent>;

/// How a task compares at two places.
#[derive(Serialize)]
struct Compared {
    application: String,
    partition: u32,
    same: bool,
    differences: Vec<String>,
    hash: Option<String>,
    other_hash: Option<String>,
}

/// Shows what tasks hold, or compares it between two places; failing where something differs.
pub(crate) async fn verify(args: Verify, mut output: Output) -> Result<(), Failure> {
    for place in std::iter::once(&args.place).chain(&args.other) {
        check(place, &args)?;
    }
    let contents = contents(&args.place, &args).await?;
    let Some(other) = &args.other else { return list(&contents, &mut output) };
    let others = self::contents(other, &args).await?;
    compare(&contents, &others, &mut output)
}

fn is_file(place: &str) -> bool {
    Path::new(place).is_file()
}

/// What is wrong with a place before it is looked at is wrong usage.
fn check(place: &str, args: &Verify) -> Result<(), Failure> {
    if is_file(place) {
        return Ok(());
    }
    connect::check(place)?;
    match args.application {
        Some(_) => Ok(()),
        None => Err(Failure::Usage("name the --application".to_owned())),
    }
}

async fn contents(place: &str, args: &Verify) -> Result<Contents, Failure> {
    let mut contents = Contents::new();
    if is_file(place) {
        let wanted = |task: &TaskId| {
            args.application.as_ref().is_none_or(|name| task.application == *name)
                && args.partition.is_none_or(|partition| task.partition == partition)
        };
        contents.extend(inspect(Path::new(place))?.into_iter().filter(|(task, _)| wanted(task)));
    } else if let Some(application) = &args.application {
        let database = connect::existing(place).await?;
        for task in tasks(&database, application, args.partition).await? {
            let bar = Bar::new();
            let report = |progress: Progress<'_>| bar.show(progress);
            let content = transfer::content(&database, &task, &report).await?;
            drop(bar);
            contents.insert(task, content);
        }
    }
    Ok(contents)
}

fn list(contents: &Contents, output: &mut Output) -> Result<(), Failure> {
    if contents.is_empty() {
        let message = "there are no such tasks";
        return Err(store::Error::new(store::ErrorKind::NotFound, message).into());
    }
    let contents = contents.iter().map(|(task, content)| Content::new(task, content));
    if output.is_json() {
        contents.into_iter().try_for_each(|content| output.json(&content))?;
    } else {
        output.table(&TITLES, contents.flat_map(|content| content.rows()))?;
    }
    output.flush()
}

fn compare(one: &Contents, two: &Contents, output: &mut Output) -> Result<(), Failure> {
    let tasks: std::collections::BTreeSet<_> = one.keys().chain(two.keys()).collect();
    if tasks.is_empty() {
        let message = "there are no such tasks at either place";
        return Err(store::Error::new(store::ErrorKind::NotFound, message).into());
    }
    let lines: Vec<_> = tasks.iter().map(|task| compared(task, one, two)).collect();
    if output.is_json() {
        lines.iter().try_for_each(|line| output.json(line))?;
    } else {
        let row = |line: &Compared| {
            let what = if line.same { "the same".to_owned() } else { line.differences.join(", ") };
            vec![line.partition.to_string(), what]
        };
        output.table(&["PARTITION", "COMPARED"], lines.iter().map(row))?;
    }
    output.flush()?;
    match lines.iter().filter(|line| !line.same).count() {
        0 => Ok(()),
        differ => Err(Failure::Differ(differ, lines.len())),
    }
}

fn compared(task: &TaskId, one: &Contents, two: &Contents) -> Compared {
    let (one, two) = (one.get(task), two.get(task));
    let differences = match (one, two) {
        (Some(one), Some(two)) => one.differences(two),
        (Some(_), None) => vec!["the task is at the first place only".to_owned()],
        _ => vec!["the task is at the second place only".to_owned()],
    };
    let hash = |content: Option<&TaskContent>| content.map(|content| content.hash.to_string());
    Compared {
        application: task.application.to_string(),
        partition: task.partition,
        same: one == two,
        differences,
        hash: hash(one),
        other_hash: hash(two),
    }
}
