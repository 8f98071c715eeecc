//! `store scan`.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use serde::Serialize;
use store::{
    Error, ErrorKind, Order, ReadMaps, Result,
    backend::{KeyRange, StoreSpec},
};

use crate::{
    Failure,
    args::Scan,
    connect,
    output::Output,
    text::{Shown, bytes, cut, key},
};

/// Rows of a table that are aligned together: what is kept in memory of a listing.
const ALIGNED: usize = 500;

#[derive(Serialize)]
struct Line {
    key: Shown,
    value: Shown,
}

impl Line {
    fn new(spec: &StoreSpec, (key, value): (Bytes, Bytes)) -> Self {
        Self {
            key: Shown::key(&spec.key_codec, key),
            value: Shown::value(&spec.value_codec, value),
        }
    }
}

/// Lists entries in key order, in bounded memory.
pub(crate) async fn run(args: Scan, output: Output) -> Result<(), Failure> {
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let maps = super::key_value(&database, &id, args.store.as_str()).await?;
    let order = if args.reverse { Order::Backward } else { Order::Forward };
    let range = range(&args, maps.spec())?;
    if range.is_empty() {
        return Ok(());
    }
    let entries = maps.scan(None, range, order).take(args.limit.unwrap_or(usize::MAX)).boxed();
    write(entries, &maps, output).await
}

async fn write(
    mut entries: BoxStream<'static, Result<(Bytes, Bytes)>>,
    maps: &ReadMaps,
    mut output: Output,
) -> Result<(), Failure> {
    let spec = maps.spec();
    if output.is_json() {
        while let Some(entry) = entries.try_next().await? {
            output.json(&Line::new(spec, entry))?;
        }
        return output.flush();
    }
    let mut titles = &["KEY", "VALUE"][..];
    let mut chunks = entries.map_ok(|entry| Line::new(spec, entry)).try_chunks(ALIGNED);
    while let Some(chunk) = chunks.next().await {
        let lines = chunk.map_err(|failed| failed.1)?;
        let columns = |line: Line| vec![cut(&line.key.to_string()), cut(&line.value.to_string())];
        output.table(titles, lines.into_iter().map(columns))?;
        titles = &[];
        output.flush()?;
    }
    Ok(())
}

fn range(args: &Scan, spec: &StoreSpec) -> Result<KeyRange> {
    if let Some(prefix) = &args.prefix {
        let is_hex = prefix.starts_with("hex:");
        if !is_hex && !["string", "bytes"].contains(&spec.key_codec.as_str()) {
            let message = format!("a prefix of keys of type {} is given as hex:", spec.key_codec);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        return bytes(prefix).map(KeyRange::prefix);
    }
    let bound = |typed: &Option<String>| {
        typed.as_ref().map(|typed| key(&spec.key_codec, typed)).transpose()
    };
    Ok(KeyRange::inclusive(bound(&args.from)?, bound(&args.to)?))
}
