//! `store copy`.

use store::transfer::{self, Progress};

use super::{bar::Bar, options, show, some, tasks};
use crate::{Failure, args::Copy, connect, output::Output};

/// Brings tasks from one place to another, one after the other.
pub(crate) async fn copy(args: Copy, mut output: Output) -> Result<(), Failure> {
    connect::check(&args.from)?;
    connect::check(&args.to)?;
    if args.from == args.to {
        return Err(Failure::Usage("both places are the same".to_owned()));
    }
    let from = connect::existing(&args.from).await?;
    let which = &args.which;
    let tasks = some(tasks(&from, &which.application, which.partition).await?, &which.application)?;
    let to = connect::target(&args.to).await?;
    for task in tasks {
        let bar = Bar::new();
        let report = |progress: Progress<'_>| bar.show(progress);
        let moved = transfer::copy(&from, &to, &task, &options(&args.bring), &report).await?;
        drop(bar);
        show::moved(&moved, &mut output)?;
    }
    Ok(())
}
