//! `store tasks`.

use std::collections::BTreeMap;

use serde::Serialize;
use store::backend::TaskSummary;

use crate::{Failure, args::Tasks, connect, output::Output, text::cut};

#[derive(Serialize)]
struct Line<'a> {
    application: &'a str,
    partition: u32,
    epoch: u64,
    sequence: u64,
    offsets: &'a BTreeMap<String, i64>,
    stores: Vec<&'a str>,
}

impl<'a> Line<'a> {
    fn new(summary: &'a TaskSummary) -> Self {
        let TaskSummary { task, epoch, checkpoint, .. } = summary;
        Self {
            application: task.application.as_str(),
            partition: task.partition,
            epoch: *epoch,
            sequence: checkpoint.sequence,
            offsets: &checkpoint.offsets,
            stores: checkpoint.stores.values().map(|store| store.spec.name.as_str()).collect(),
        }
    }

    fn columns(&self) -> Vec<String> {
        vec![
            self.partition.to_string(),
            self.epoch.to_string(),
            self.sequence.to_string(),
            cut(&self.stores.join(" ")),
            cut(&super::offsets(self.offsets)),
        ]
    }
}

/// Lists the tasks of an application.
pub(crate) async fn run(args: Tasks, mut output: Output) -> Result<(), Failure> {
    let database = connect::existing(&args.url).await?;
    let tasks = database.tasks(args.application.as_str()).await?;
    let lines = tasks.iter().map(Line::new);
    if output.is_json() {
        for line in lines {
            output.json(&line)?;
        }
    } else if tasks.is_empty() {
        output.line(&format!("application {} has no tasks", args.application))?;
    } else {
        let titles = ["PARTITION", "EPOCH", "SEQUENCE", "STORES", "OFFSETS"];
        output.table(&titles, lines.map(|line| line.columns()))?;
    }
    output.flush()
}
