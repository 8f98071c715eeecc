//! `store import`.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

use store::{
    Error, ErrorKind,
    backend::TaskId,
    transfer::{self, Progress, TaskContent},
};

use super::{STANDARD, bar::Bar, options, show};
use crate::{Failure, args::Import, connect, output::Output};

/// Brings the tasks of a file to a place, one after the other.
pub(crate) async fn import(args: Import, mut output: Output) -> Result<(), Failure> {
    connect::check(&args.url)?;
    if args.file != STANDARD {
        // As a whole first: what a damaged one would replace is not lost then.
        inspect(Path::new(&args.file))?;
        return bring(&args, open(Path::new(&args.file))?, &mut output).await;
    }
    if args.bring.replace {
        let message =
            "--replace needs a file: what is replaced is removed only once all of that was checked";
        return Err(Failure::Usage(message.to_owned()));
    }
    bring(&args, io::stdin(), &mut output).await
}

async fn bring(args: &Import, input: impl Read + Send, output: &mut Output) -> Result<(), Failure> {
    let mut import = transfer::Import::new(BufReader::with_capacity(1 << 20, input))?;
    let database = connect::target(&args.url).await?;
    loop {
        let bar = Bar::new();
        let report = |progress: Progress<'_>| bar.show(progress);
        let moved = import.task(&database, &options(&args.bring), &report).await?;
        drop(bar);
        match moved {
            Some(moved) => show::moved(&moved, output)?,
            None => return Ok(()),
        }
    }
}

/// What the tasks of a file hold; an error where the file is not whole.
pub(super) fn inspect(file: &Path) -> Result<Vec<(TaskId, TaskContent)>, Failure> {
    let import = transfer::Import::new(BufReader::with_capacity(1 << 20, open(file)?))?;
    Ok(import.inspect()?)
}

fn open(file: &Path) -> Result<File, Error> {
    File::open(file).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => ErrorKind::NotFound,
            io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
            _ => ErrorKind::Unavailable,
        };
        Error::new(kind, format!("cannot open {}", file.display())).with_source(error)
    })
}
