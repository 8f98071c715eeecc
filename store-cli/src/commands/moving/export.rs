//! `store export`.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use store::{
    Database, Error, ErrorKind,
    backend::TaskId,
    transfer::{self, Progress},
};

use super::{STANDARD, bar::Bar, show, some, tasks};
use crate::{Failure, args::Export, connect, output::Output};

/// Writes tasks into a file, which is there whole or not at all, or to standard output.
pub(crate) async fn export(args: Export, mut output: Output) -> Result<(), Failure> {
    connect::check(&args.url)?;
    let standard = args.file == STANDARD;
    if standard && io::stdout().is_terminal() {
        let message = "an export is not for a terminal: name a file, or send it into a pipe";
        return Err(Failure::Usage(message.to_owned()));
    }
    let file = Path::new(&args.file);
    if !standard && !args.replace && file.exists() {
        let message = format!("there is a file {} already: say --replace", file.display());
        return Err(Error::new(ErrorKind::InvalidArgument, message).into());
    }
    let database = connect::existing(&args.url).await?;
    let which = &args.which;
    let found = tasks(&database, &which.application, which.partition).await?;
    let tasks = some(found, &which.application)?;
    if standard {
        let moved = write(&database, &tasks, io::stdout()).await?;
        return Ok(moved
            .1
            .iter()
            .try_for_each(|moved| writeln!(io::stderr(), "{}", show::sentence(moved)))?);
    }
    let partial = partial(file);
    let (written, moved) = write(&database, &tasks, File::create(&partial)?).await?;
    written.sync_all()?;
    fs::rename(&partial, file)?;
    moved.iter().try_for_each(|moved| show::moved(moved, &mut output))
}

async fn write<W: Write + Send>(
    database: &Database,
    tasks: &[TaskId],
    out: W,
) -> Result<(W, Vec<transfer::Moved>), Failure> {
    let mut export = transfer::Export::new(BufWriter::with_capacity(1 << 20, out))?;
    let mut moved = Vec::new();
    for task in tasks {
        let bar = Bar::new();
        moved
            .push(export.task(database, task, &|progress: Progress<'_>| bar.show(progress)).await?);
    }
    let out = export.finish()?;
    Ok((out.into_inner().map_err(io::IntoInnerError::into_error)?, moved))
}

/// Where the file stands until it is whole.
fn partial(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}
