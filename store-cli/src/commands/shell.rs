//! `store shell`.

use std::io::{self, IsTerminal};

use tokio::runtime::Handle;

use crate::{
    Failure,
    args::Shell,
    connect,
    failure::chain,
    prompt,
    shell::{MAX_LINE_BYTES, Session, serve},
};

/// Works a task: by a prompt where a person sits at both ends, else by the protocol.
pub(crate) fn run(args: Shell, runtime: &Handle) -> Result<(), Failure> {
    let id = args.task.id()?;
    connect::check(&args.task.url)?;
    let mut session = Session::unconnected(args.task.url, id);
    if let Err(error) = runtime.block_on(session.database()) {
        // What may pass, such as a lock, is for `open` to try again and to say.
        if !error.is_retryable() {
            return Err(error.into());
        }
        tracing::warn!("not connected yet: {}", chain(&error));
    }
    let stdin = io::stdin();
    if stdin.is_terminal() && io::stdout().is_terminal() {
        prompt::run(session, runtime)
    } else {
        Ok(serve(runtime, &mut session, stdin.lock(), io::stdout().lock(), MAX_LINE_BYTES)?)
    }
}
