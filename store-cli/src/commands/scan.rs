//! `store scan`.

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use store::{
    Error, ErrorKind, Order, Result,
    backend::{KeyRange, StoreSpec},
};

use super::{
    line::Line,
    reader::{Keys, Reader},
};
use crate::{
    Failure,
    args::Scan,
    connect,
    output::Output,
    text::{bytes, key},
};

/// Rows of a table that are aligned together: what is kept in memory of a listing.
const ALIGNED: usize = 500;

/// Lists rows in the order of the store, in bounded memory.
pub(crate) async fn run(args: Scan, output: Output) -> Result<(), Failure> {
    let id = args.task.id()?;
    let database = connect::existing(&args.task.url).await?;
    let reader = Reader::open(&database, &id, args.store.as_str()).await?;
    let order = if args.reverse { Order::Backward } else { Order::Forward };
    let keys = keys(&args, &reader.spec)?;
    if let Keys::Between(from, to) = &keys
        && KeyRange::inclusive(from.clone(), to.clone()).is_empty()
    {
        return Ok(());
    }
    let lines = reader.scan(keys, order)?;
    write(lines.take(args.limit.unwrap_or(usize::MAX)).boxed(), output).await
}

async fn write(
    mut lines: BoxStream<'static, Result<Line>>,
    mut output: Output,
) -> Result<(), Failure> {
    if output.is_json() {
        while let Some(line) = lines.try_next().await? {
            output.json(&line)?;
        }
        return output.flush();
    }
    let mut titled = false;
    let mut chunks = lines.try_chunks(ALIGNED);
    while let Some(chunk) = chunks.next().await {
        let lines = chunk.map_err(|failed| failed.1)?;
        let titles = lines.iter().take(1).flat_map(Line::columns).map(|(title, _)| title);
        let titles: Vec<_> = titles.filter(|_| !titled).collect();
        let cells = |line: &Line| line.columns().map(|(_, cell)| cell).collect();
        output.table(&titles, lines.iter().map(cells))?;
        titled = true;
        output.flush()?;
    }
    Ok(())
}

fn keys(args: &Scan, spec: &StoreSpec) -> Result<Keys> {
    if let Some(prefix) = &args.prefix {
        let is_hex = prefix.starts_with("hex:");
        if !is_hex && !["string", "bytes"].contains(&spec.key_codec.as_str()) {
            let message = format!("a prefix of keys of type {} is given as hex:", spec.key_codec);
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        return bytes(prefix).map(Keys::Prefix);
    }
    let bound = |typed: &Option<String>| {
        typed.as_ref().map(|typed| key(&spec.key_codec, typed)).transpose()
    };
    Ok(Keys::Between(bound(&args.from)?, bound(&args.to)?))
}
