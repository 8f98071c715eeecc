//! `store get`.

use super::reader::Reader;
use crate::{Failure, args::Get, connect, output::Output, text::key};

/// Shows the value of a key; an absent one fails, so that a script can tell it from a stored null.
pub(crate) async fn run(args: Get, mut output: Output) -> Result<(), Failure> {
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let reader = Reader::open(&database, &id, args.store.as_str()).await?;
    let line = reader.get(key(&reader.spec.key_codec, &args.key)?).await?;
    let Some(line) = line else {
        let message = format!("store {} of task {id} has no such key", reader.spec.name);
        return Err(store::Error::new(store::ErrorKind::NotFound, message).into());
    };
    if output.is_json() {
        output.json(&line)?;
    } else {
        output.line(&line.value.to_string())?;
        if let Some(time) = line.time {
            output.line(&format!("at {time}"))?;
        }
    }
    output.flush()
}
