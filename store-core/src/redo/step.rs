//! The steps of the protocol, as fail points.

use crate::Result;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident = $name:literal,)*) => {
        /// A step of the protocol: what has just been done, or is about to be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// Every step.
            pub const ALL: &[Self] = &[$(Self::$step),*];

            /// The name of its fail point.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)*
                }
            }
        }
    };
}

steps! {
    /// A claim has raised the epoch.
    Claimed = "redo::claimed",
    /// A claim has read the record again.
    Reread = "redo::reread",
    /// A claim has applied the log it found.
    Finished = "redo::finished",
    /// A commit is about to write its log.
    LogBegun = "redo::log_begun",
    /// A commit has written its log.
    LogWritten = "redo::log_written",
    /// A commit is about to be decided.
    Deciding = "redo::deciding",
    /// A commit was decided.
    Decided = "redo::decided",
    /// A decided commit is about to be applied.
    Applying = "redo::applying",
    /// A decided commit was applied.
    Applied = "redo::applied",
    /// Logs that nobody needs are about to be removed.
    Cleaning = "redo::cleaning",
    /// A destroyed task is about to be wiped.
    Wiping = "redo::wiping",
}

impl Step {
    /// Does what the fail point of this name is set to: panics, sleeps, or returns an error. Nothing in normal builds.
    pub(super) fn fail_point(self) -> Result<()> {
        fail::fail_point!(self.name(), |_| {
            let message = format!("fail point {}", self.name());
            Err(crate::Error::new(crate::ErrorKind::Unavailable, message))
        });
        Ok(())
    }
}
