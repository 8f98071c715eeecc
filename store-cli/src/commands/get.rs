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
    value: Shown,
}

/// Shows the value of a key; an absent one fails, so that a script can tell it from a stored null.
pub(crate) async fn run(args: Get, mut output: Output) -> Result<(), Failure> {
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let maps = super::key_value(&database, &id, args.store.as_str()).await?;
    let spec = maps.spec();
    let key = key(&spec.key_codec, &args.key)?;
    let value = maps.get(None, key.clone()).await?;
    let Some(value) = value else {
        let message = format!("store {} of task {id} has no such key", spec.name);
        return Err(store::Error::new(store::ErrorKind::NotFound, message).into());
    };
    let value = Shown::value(&spec.value_codec, value);
    if output.is_json() {
        output.json(&Line { key: Shown::key(&spec.key_codec, key), value })?;
    } else {
        output.line(&value.to_string())?;
    }
    output.flush()
}
