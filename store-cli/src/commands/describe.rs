//! `store describe`.

use std::collections::BTreeMap;

use serde::Serialize;
use store::{
    Database, ReadTask, Result,
    backend::{StoreSpec, StoreState, TaskId, TaskSummary},
};

use crate::{Failure, args::Task, connect, output::Output};

#[derive(Serialize)]
struct Described {
    application: String,
    partition: u32,
    epoch: u64,
    sequence: u64,
    offsets: BTreeMap<String, i64>,
    /// Ranges processed above the offset.
    ahead: BTreeMap<String, Vec<(i64, i64)>>,
    stores: Vec<DescribedStore>,
}

#[derive(Serialize)]
struct DescribedStore {
    number: u32,
    #[serde(flatten)]
    spec: StoreSpec,
    stream_time: Option<i64>,
    segments: usize,
    approximate_len: u64,
}

/// Shows what a task holds.
pub(crate) async fn run(args: Task, mut output: Output) -> Result<(), Failure> {
    let id = args.id()?;
    let database = connect::existing(&args.url).await?;
    let described = describe(&database, &id).await?;
    if output.is_json() {
        output.json(&described)?;
    } else {
        described.write(&mut output)?;
    }
    output.flush()
}

async fn describe(database: &Database, id: &TaskId) -> Result<Described> {
    let TaskSummary { task, epoch, checkpoint, .. } = super::summary(database, id).await?;
    let reader = database.read(id.application.as_str(), id.partition).await?;
    let mut stores = Vec::new();
    for (number, state) in checkpoint.stores {
        stores.push(store(&reader, number, state).await?);
    }
    Ok(Described {
        application: task.application.to_string(),
        partition: task.partition,
        epoch,
        sequence: checkpoint.sequence,
        offsets: checkpoint.offsets,
        ahead: checkpoint.ahead,
        stores,
    })
}

async fn store(reader: &ReadTask, number: u32, state: StoreState) -> Result<DescribedStore> {
    let StoreState { spec, stream_time, segments, .. } = state;
    let maps = reader.maps(spec.name.as_str()).await?;
    let mut approximate_len = maps.approximate_len(None).await?;
    for segment in &segments {
        approximate_len += maps.approximate_len(Some(*segment)).await?;
    }
    Ok(DescribedStore { number, spec, stream_time, segments: segments.len(), approximate_len })
}

impl Described {
    fn write(self, output: &mut Output) -> Result<(), Failure> {
        let head = [
            ("task", format!("{}/{}", self.application, self.partition)),
            ("epoch", self.epoch.to_string()),
            ("sequence", self.sequence.to_string()),
        ];
        output.table(&[], head.map(|(name, value)| vec![name.to_owned(), value]))?;
        if !self.offsets.is_empty() || !self.ahead.is_empty() {
            output.line("")?;
            output.table(&["SOURCE", "OFFSET", "AHEAD"], sources(&self.offsets, &self.ahead))?;
        }
        output.line("")?;
        if self.stores.is_empty() {
            return output.line("no stores yet: they are recorded with the first commit");
        }
        let titles = ["STORE", "KIND", "KEYS", "VALUES", "LAYOUT", "ABOUT", "OTHER"];
        output.table(&titles, self.stores.into_iter().map(DescribedStore::columns))
    }
}

fn sources(
    offsets: &BTreeMap<String, i64>,
    ahead: &BTreeMap<String, Vec<(i64, i64)>>,
) -> Vec<Vec<String>> {
    let names: std::collections::BTreeSet<_> = offsets.keys().chain(ahead.keys()).collect();
    let row = |name: &String| {
        let offset = offsets.get(name).map_or_else(|| "-".to_owned(), ToString::to_string);
        let ranges = ahead.get(name).into_iter().flatten();
        let ranges: Vec<_> = ranges.map(|(from, to)| format!("{from}..{to}")).collect();
        vec![name.clone(), offset, ranges.join(" ")]
    };
    names.into_iter().map(row).collect()
}

impl DescribedStore {
    fn columns(self) -> Vec<String> {
        let Self { spec, stream_time, segments, approximate_len, .. } = self;
        let time = |name: &str, time: Option<i64>| time.map(|ms| format!("{name}={ms}"));
        let properties = spec.properties.iter().map(|(name, value)| format!("{name}={value}"));
        let other: Vec<_> = [
            time("retention_ms", spec.retention_ms),
            time("segment_ms", spec.segment_ms),
            time("stream_time", stream_time),
            (segments > 0).then(|| format!("segments={segments}")),
        ]
        .into_iter()
        .flatten()
        .chain(properties)
        .collect();
        vec![
            spec.name.to_string(),
            spec.kind,
            spec.key_codec,
            spec.value_codec,
            spec.layout.to_string(),
            format!("{approximate_len} entries"),
            other.join(" "),
        ]
    }
}
