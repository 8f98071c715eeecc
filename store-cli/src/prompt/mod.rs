//! The prompt: short commands or lines of JSON, typed by a person.

mod command;
mod helper;
mod history;
mod line;
mod show;
mod usage;
mod words;

use std::io::Write;

use rustyline::{
    ColorMode, CompletionType, Config, Editor, error::ReadlineError, history::FileHistory,
};
use store::{Error, Result};
use tokio::{runtime::Handle, signal};

use self::helper::Typing;
use crate::{Failure, shell::Session};

struct Prompt<'a> {
    session: Session,
    runtime: &'a Handle,
    editor: Editor<Typing, FileHistory>,
    out: anstream::Stdout,
}

/// Whether the prompt goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoOn,
    Leave,
}

/// Asks for commands until the user leaves; what is not committed then is thrown away.
pub(crate) fn run(session: Session, runtime: &Handle) -> Result<(), Failure> {
    let out = anstream::stdout();
    let colored = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .color_mode(if colored { ColorMode::Enabled } else { ColorMode::Disabled })
        .auto_add_history(true)
        .history_ignore_space(true)
        .build();
    let mut editor = Editor::with_config(config).map_err(failed)?;
    editor.set_helper(Some(Typing::default()));
    let history = history::file();
    if let Some(file) = &history {
        // There is none before the first time.
        let _ = editor.load_history(file);
    }
    let mut prompt = Prompt { session, runtime, editor, out };
    let left = prompt.greet().and_then(|()| prompt.talk());
    let closed = prompt.leave();
    if let Some(file) = &history
        && let Err(error) = prompt.editor.save_history(file)
    {
        tracing::warn!(%error, "the history is not kept");
    }
    left.and(closed)
}

fn failed(error: ReadlineError) -> Failure {
    match error {
        ReadlineError::Io(error) => Failure::Io(error),
        other => Failure::Io(std::io::Error::other(other)),
    }
}

impl Prompt<'_> {
    fn greet(&mut self) -> Result<(), Failure> {
        self.remember_recorded();
        let recorded = self.show_stores();
        self.refused(recorded)?;
        self.say(&show::quiet("open claims the task, help lists the commands, quit leaves"))
    }

    fn talk(&mut self) -> Result<(), Failure> {
        loop {
            self.remember_open();
            match self.editor.readline(&self.sign()) {
                Ok(line) => {
                    let then = self.line(&line);
                    match self.refused(then)? {
                        Some(Then::Leave) => return Ok(()),
                        Some(Then::GoOn) | None => {}
                    }
                }
                Err(ReadlineError::Interrupted) => self.say(&show::quiet("quit leaves"))?,
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    fn sign(&self) -> String {
        let state = match (self.session.is_open(), self.session.is_dirty()) {
            (false, _) => " (not open)",
            (true, false) => "",
            (true, true) => "*",
        };
        format!("{}{state}> ", self.session.task())
    }

    /// Runs until it is done, or until the user has enough of it.
    fn wait<T>(&mut self, work: impl AsyncFnOnce(&mut Session) -> T) -> Result<T, Refused> {
        let session = &mut self.session;
        self.runtime.block_on(async {
            tokio::select! {
                done = work(session) => Ok(done),
                _ = signal::ctrl_c() => Err(Refused::Interrupted),
            }
        })
    }

    /// Names to complete of open stores.
    fn remember_open(&mut self) {
        let open = self.session.stores().into_iter().map(str::to_owned).collect();
        if let Some(typing) = self.editor.helper_mut() {
            typing.open = open;
        }
    }

    /// Names to complete of recorded stores; a task that cannot be read has none to offer.
    fn remember_recorded(&mut self) {
        let recorded = self.wait(Session::recorded).ok().and_then(Result::ok).unwrap_or_default();
        if let Some(typing) = self.editor.helper_mut() {
            typing.recorded = recorded.iter().map(|spec| spec.name.to_string()).collect();
        }
    }

    fn leave(&mut self) -> Result<(), Failure> {
        if self.session.is_dirty() {
            self.say(&show::quiet("what was not committed is thrown away"))?;
        }
        Ok(self.runtime.block_on(self.session.close())?)
    }

    fn say(&mut self, text: &str) -> Result<(), Failure> {
        writeln!(self.out, "{text}")?;
        Ok(self.out.flush()?)
    }

    /// Shows what was refused; only what ends the prompt is left.
    fn refused<T>(&mut self, result: Result<T, Refused>) -> Result<Option<T>, Failure> {
        match result {
            Ok(done) => Ok(Some(done)),
            Err(Refused::Failure(failure)) => Err(failure),
            Err(Refused::Interrupted) => self.say(&show::quiet("interrupted")).map(|()| None),
            Err(Refused::Error(error)) => self.say(&show::error(&error)).map(|()| None),
        }
    }
}

/// Why a line did nothing.
enum Refused {
    Interrupted,
    Error(Error),
    Failure(Failure),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}
