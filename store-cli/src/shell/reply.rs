//! One line of the protocol's output.

use std::fmt;

use serde::{Serialize, Serializer};
use store::{Error, Result};

use super::Value;
use crate::failure::chain;

/// The reply to one line: [`Display`](fmt::Display) writes it as one line of JSON, without the line's end.
#[derive(Debug)]
pub struct Reply(Result<Value>);

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Wire<'a> {
    Ok(&'a Value),
    Error(Refusal),
}

#[derive(Serialize)]
struct Refusal {
    kind: String,
    retryable: bool,
    effect: String,
    message: String,
}

impl Reply {
    /// What was answered.
    pub const fn result(&self) -> &Result<Value> {
        &self.0
    }

    /// The reply as one line of JSON, its end included.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        // Invariant: strings, numbers and maps with string keys always serialize.
        let mut line = serde_json::to_vec(self).expect("a reply is valid JSON");
        line.push(b'\n');
        line
    }
}

impl From<Result<Value>> for Reply {
    fn from(result: Result<Value>) -> Self {
        Self(result)
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Ok(value) => Wire::Ok(value),
            Err(error) => Wire::Error(Refusal::new(error)),
        }
        .serialize(serializer)
    }
}

impl Refusal {
    fn new(error: &Error) -> Self {
        Self {
            kind: error.kind().to_string(),
            retryable: error.is_retryable(),
            effect: error.effect().to_string(),
            message: chain(error),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(String::from_utf8_lossy(&self.to_line()).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use store::{Effect, Error, ErrorKind};

    use super::{Reply, Value};

    #[test]
    fn replies_as_the_protocol_writes_them() {
        assert_eq!(Reply::from(Ok(Value::Null)).to_string(), r#"{"ok":null}"#);
        let error = Error::new(ErrorKind::Timeout, "no answer")
            .with_effect(Effect::Applied)
            .with_source(std::io::Error::other("closed\nby peer"));
        assert_eq!(
            Reply::from(Err(error)).to_string(),
            r#"{"error":{"kind":"Timeout","retryable":true,"effect":"applied","message":"no answer: closed by peer"}}"#
        );
    }
}
