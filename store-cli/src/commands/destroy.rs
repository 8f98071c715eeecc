//! `store destroy`.

use std::io::{self, IsTerminal, Write};

use store::backend::TaskSummary;

use crate::{Failure, args::Destroy, connect};

/// Removes a task's state, after asking.
pub(crate) async fn run(args: Destroy) -> Result<(), Failure> {
    if !args.yes && !io::stdin().is_terminal() {
        let message =
            "destroy removes state for good: say --yes, or run it on a terminal to be asked";
        return Err(Failure::Usage(message.to_owned()));
    }
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let summary = super::summary(&database, &id).await?;
    if !args.yes && !confirmed(&summary)? {
        return Err(Failure::Declined);
    }
    database.destroy(id.application.as_str(), id.partition).await?;
    Ok(writeln!(io::stderr(), "task {id} is destroyed")?)
}

fn confirmed(summary: &TaskSummary) -> io::Result<bool> {
    let TaskSummary { task, epoch, checkpoint, .. } = summary;
    let stores: Vec<_> = checkpoint.stores.values().map(|store| store.spec.name.as_str()).collect();
    let mut stderr = io::stderr();
    write!(
        stderr,
        "Task {task} was claimed {epoch} times and is at commit {}, with stores {}.\n\
         Destroying it fences its owner and cannot be undone. Destroy it? [y/N] ",
        checkpoint.sequence,
        if stores.is_empty() { "none".to_owned() } else { stores.join(", ") },
    )?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
