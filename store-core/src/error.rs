//! The one error type: what happened, may it be tried again, and did a write take effect.

use std::{error::Error as StdError, fmt, sync::Arc};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;
type SharedSource = Arc<dyn StdError + Send + Sync + 'static>;

/// What went wrong, by what the caller can do about it.
///
/// Absence is no error: reads return `Option`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A later owner has claimed the task. Give it up; do not claim it again by yourself.
    Fenced,
    /// The backend lost a commit that it had acknowledged. Open the task again and rewind the sources to its offsets.
    SequenceGap,
    /// Another process holds the state. Try again when it has ended.
    Locked,
    /// The task or store was closed. Open it again.
    Closed,
    /// An argument, or the order of calls, is not allowed. Mend the call.
    InvalidArgument,
    /// A key or a name cannot be used. Choose another one.
    InvalidKey,
    /// A key or value is above the limit. Make it smaller, or allow the backend's own limits.
    TooLarge,
    /// The uncommitted writes have reached the hard memory limit. Commit or roll back.
    BufferFull,
    /// A key or value could not be encoded; nothing was written.
    Encode,
    /// Stored bytes could not be decoded; the stored value stays.
    Decode,
    /// What is stored was made with other settings (kind, codec, retention, layout version); or tables or indices are missing,
    /// or not ours. The message says what differs.
    SchemaMismatch,
    /// The backend cannot do this; see its capabilities.
    Unsupported,
    /// The named task, store or file is not there.
    NotFound,
    /// The configuration or URL is wrong.
    Config,
    /// The server does not accept the credentials.
    Unauthenticated,
    /// The account may not do this.
    PermissionDenied,
    /// The server asks for less load. Try again later.
    Throttled,
    /// The server cannot be reached or cannot work now. Try again later.
    Unavailable,
    /// No answer came in time. A write may or may not have happened.
    Timeout,
    /// Disk or memory of the backend is full. Free some and try again.
    OutOfSpace,
    /// Stored data are damaged or contradict each other. Restore them from a copy or rebuild them from the source.
    Corrupt,
}

impl ErrorKind {
    /// Whether the same call may succeed later without anything else being changed in the program.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Locked | Self::Throttled | Self::Unavailable | Self::Timeout | Self::OutOfSpace
        )
    }

    /// What is known of a write that ended this way, unless the error itself says more.
    const fn effect(self) -> Effect {
        match self {
            Self::Timeout | Self::Unavailable => Effect::Unknown,
            _ => Effect::NotApplied,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Whether a write that failed took effect all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// It took effect.
    Applied,
    /// It did not, and will not later.
    NotApplied,
    /// It may have, or still may.
    Unknown,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Applied => "applied",
            Self::NotApplied => "not_applied",
            Self::Unknown => "unknown",
        })
    }
}

/// Why an operation failed.
///
/// Opaque, so that it can grow: ask [`kind`](Self::kind), [`is_retryable`](Self::is_retryable) and
/// [`effect`](Self::effect). The message is for people and holds neither secrets nor values; the driver's own error is
/// the [`source`](StdError::source). Clones share it: one failed request may have carried the reads of many callers.
///
/// ```
/// use store_core::{Effect, Error, ErrorKind};
///
/// let error = Error::new(ErrorKind::Timeout, "no answer to the commit of task word-count/0");
/// assert!(error.is_retryable());
/// assert_eq!(error.effect(), Effect::Unknown);
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    effect: Effect,
    message: String,
    source: Option<SharedSource>,
}

impl Error {
    /// Makes an error of a kind; the message says what failed, on what, and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, effect: kind.effect(), message: message.into(), source: None }))
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    /// Says what is known of the write, where that differs from what the kind implies.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.0.effect = effect;
        self
    }

    /// Puts what was being done in front of the message.
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.0.message = format!("{doing}: {}", self.0.message);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }

    /// For writes: whether it took effect.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.0.effect
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, effect, message, source } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", kind).field("effect", effect).field("message", message);
        if let Some(source) = source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_message_does_not_repeat_the_cause() {
        let error = Error::new(ErrorKind::Unavailable, "cannot reach the server")
            .with_source(std::io::Error::other("connection refused"));
        assert_eq!(error.to_string(), "cannot reach the server");
        assert!(std::error::Error::source(&error).is_some());
    }
}
