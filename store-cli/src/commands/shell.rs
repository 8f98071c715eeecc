//! `store shell`.

use std::io::{self, IsTerminal};

use tokio::runtime::Handle;

use crate::{
    Failure,
    args::Task,
    connect, prompt,
    shell::{MAX_LINE_BYTES, Session, serve},
};

/// Works a task: by a prompt where a person sits at both ends, else by the protocol.
pub(crate) fn run(args: Task, runtime: &Handle) -> Result<(), Failure> {
    connect::check(&args.url)?;
    let mut session = Session::unconnected(args.url, args.application, args.partition);
    // What may pass, such as a lock, is for `open` to say and to try again.
    match runtime.block_on(session.database()) {
        Err(error) if !error.is_retryable() => return Err(error.into()),
        Ok(_) | Err(_) => {}
    }
    let (stdin, stdout) = (io::stdin(), io::stdout());
    if stdin.is_terminal() && stdout.is_terminal() {
        return prompt::run(session, runtime);
    }
    Ok(serve(runtime, &mut session, stdin.lock(), stdout.lock(), MAX_LINE_BYTES)?)
}
