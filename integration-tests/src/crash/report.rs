//! What a worker tells the harness, one line each, before and after the fact.

use serde::{Deserialize, Serialize};

/// A line on a worker's standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Report {
    /// It has the task and goes on from here.
    Claimed {
        /// The next position.
        offset: i64,
        /// The number of the last commit.
        sequence: u64,
    },
    /// It is about to commit the records before `to` that no commit has yet.
    Sending {
        /// Names the commit, and stands beside each of its records.
        tag: String,
        /// The position of its first record.
        from: i64,
        /// The offset that it leads to.
        to: i64,
    },
    /// The commit is in.
    Acknowledged {
        /// Its name.
        tag: String,
        /// Its number.
        sequence: u64,
    },
    /// The commit is not in, and never will be.
    Refused {
        /// Its name.
        tag: String,
    },
    /// A call failed; the worker goes on.
    Failed {
        /// The kind of the error.
        kind: String,
        /// Whether the write took effect.
        effect: String,
    },
    /// The backend has gone back behind what it had acknowledged; the worker rewinds.
    Gap,
    /// Another owner has the task.
    Fenced,
    /// All records that were asked for are committed.
    Done,
}

impl Report {
    /// The line.
    ///
    /// # Panics
    ///
    /// Never: every field can be written as JSON.
    #[must_use]
    pub fn line(&self) -> String {
        // Invariant: every field is a string or a number.
        serde_json::to_string(self).expect("a report is valid JSON")
    }
}
