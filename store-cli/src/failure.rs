//! Why a command ends other than well, and how that is shown.

use std::{error::Error as StdError, fmt, io, process::ExitCode};

use store::Error;

/// Why a command ended other than well.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The operation failed.
    Operation(Error),
    /// The command was used wrongly.
    Usage(String),
    /// So many cases of so many do not hold.
    NotHeld(usize, usize),
    /// So many tasks of so many differ.
    Differ(usize, usize),
    /// The user said no.
    Declined,
    /// Input or output failed.
    Io(io::Error),
}

impl Failure {
    /// 1 for an operation that failed, 2 for wrong usage, 0 where the reader of the output had enough.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            _ if self.is_broken_pipe() => ExitCode::SUCCESS,
            Self::Operation(_)
            | Self::NotHeld(..)
            | Self::Differ(..)
            | Self::Declined
            | Self::Io(_) => ExitCode::FAILURE,
        }
    }

    /// Whether there is nobody left to read the output, as behind `| head`.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    /// One line with the chain of causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(error) => f.write_str(&chain(error)),
            Self::Usage(message) => f.write_str(message),
            Self::NotHeld(failed, all) => write!(f, "{failed} of {all} cases do not hold"),
            Self::Differ(differ, all) => write!(f, "{differ} of {all} tasks differ"),
            Self::Declined => f.write_str("nothing was done"),
            Self::Io(error) => write!(f, "cannot read or write: {}", chain(error)),
        }
    }
}

impl StdError for Failure {}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Operation(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let messages: Vec<_> = causes.map(ToString::to_string).collect();
    messages.join(": ").replace(['\n', '\r'], " ")
}
