//! `store get`.

use serde::Serialize;

use crate::{
    Failure,
    args::Get,
    connect,
    output::Output,
    text::{Shown, key},
};

#[derive(Serialize)]
struct Line {
    key: Shown,
    value: Option<Shown>,
}

/// Shows the value of a key; an absent one is no failure.
pub(crate) async fn run(args: Get, mut output: Output) -> Result<(), Failure> {
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let maps = super::key_value(&database, &id, args.store.as_str()).await?;
    let spec = maps.spec();
    let key = key(&spec.key_codec, &args.key)?;
    let value = maps.get(None, key.clone()).await?;
    let value = value.map(|value| Shown::value(&spec.value_codec, value));
    if output.is_json() {
        output.json(&Line { key: Shown::key(&spec.key_codec, key), value })?;
    } else {
        output.line(&value.map_or_else(|| "(none)".to_owned(), |value| value.to_string()))?;
    }
    output.flush()
}
