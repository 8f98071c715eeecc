//! Replies: `{"ok":…}` or `{"error":{…}}`.

use serde_json::{Value, json};
use store::{Error, Result};

/// The answer to one request.
#[derive(Debug)]
pub(super) struct Reply(Value);

impl From<Result<Value>> for Reply {
    fn from(result: Result<Value>) -> Self {
        Self(match result {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": {
                "kind": error.kind().to_string(),
                "retryable": error.is_retryable(),
                "effect": error.effect().to_string(),
                "message": chain(&error),
            } }),
        })
    }
}

/// The message with its causes.
fn chain(error: &Error) -> String {
    let first: &(dyn std::error::Error + 'static) = error;
    let causes = std::iter::successors(Some(first), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Reply {
    pub(super) fn to_line(&self) -> String {
        self.0.to_string()
    }
}
