//! What errors of the client and the server mean to a caller.

use std::fmt::Display;

use serde::Deserialize;
use store_core::{Effect, Error, ErrorKind};

/// An error in the server's own words. Its reason may hold a value, so it is looked at and never shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Refusal {
    #[serde(rename = "type")]
    sort: Option<String>,
    reason: Option<String>,
}

/// An answer that is an error as a whole.
#[derive(Deserialize)]
struct Body {
    error: Described,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Described {
    Refusal(Refusal),
    Text(String),
}

impl Refusal {
    /// That of an answer, as far as it can be read.
    pub(crate) fn read(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(Body { error: Described::Refusal(refusal) }) => refusal,
            Ok(Body { error: Described::Text(reason) }) => {
                Self { reason: Some(reason), ..Self::default() }
            }
            Err(_) => Self::default(),
        }
    }

    /// Its kind, where it came with this status.
    pub(crate) fn kind(&self, status: u16) -> ErrorKind {
        let says = |part| self.reason.as_ref().is_some_and(|reason| reason.contains(part));
        match (status, self.sort.as_deref().unwrap_or_default()) {
            // 12 is the block of a disk that is nearly full; the others are set by people.
            (_, "cluster_block_exception") if says("/12/") => ErrorKind::OutOfSpace,
            (_, "cluster_block_exception") if says("FORBIDDEN") => ErrorKind::PermissionDenied,
            _ if says("No space left on device") => ErrorKind::OutOfSpace,
            (_, "index_not_found_exception" | "alias_not_found_exception") => ErrorKind::NotFound,
            (
                _,
                "circuit_breaking_exception"
                | "es_rejected_execution_exception"
                | "rejected_execution_exception",
            )
            | (429, _) => ErrorKind::Throttled,
            (
                400,
                "strict_dynamic_mapping_exception"
                | "mapper_parsing_exception"
                | "document_parsing_exception",
            ) => ErrorKind::SchemaMismatch,
            (401, _) => ErrorKind::Unauthenticated,
            (403, _) => ErrorKind::PermissionDenied,
            (404, _) => ErrorKind::NotFound,
            (408 | 504, _) => ErrorKind::Timeout,
            (413, _) => ErrorKind::TooLarge,
            (400..500, _) => ErrorKind::InvalidArgument,
            _ => ErrorKind::Unavailable,
        }
    }

    /// The error; `doing` says what failed, and on which task.
    pub(crate) fn error(&self, status: u16, doing: impl Display) -> Error {
        let kind = self.kind(status);
        let sort = self.sort.as_deref().filter(|sort| !sort.is_empty()).unwrap_or("no reason");
        let message = format!("cannot {doing}: {} (status {status}, {sort})", advice(kind));
        // What the server refuses it has not begun; what it fails at it may have.
        let effect = if status < 500 { Effect::NotApplied } else { Effect::Unknown };
        Error::new(kind, message).with_effect(effect)
    }
}

/// Maps a request that had no answer.
pub(crate) fn unanswered(doing: impl Display, error: elasticsearch::Error) -> Error {
    let source = std::error::Error::source(&error);
    let http = source.and_then(|source| source.downcast_ref::<reqwest::Error>());
    let unsent = http.is_some_and(|http| http.is_connect() || http.is_builder());
    let text = format!("{:?}", error);
    let refused = REFUSED.iter().any(|alert| text.contains(alert));
    let (kind, advice) = match () {
        () if refused || (unsent && text.contains("AlertReceived(")) => (
            ErrorKind::Config,
            "a node refuses our certificate, or wants one: set tls_certificate and tls_key",
        ),
        () if unsent && text.contains("InvalidCertificate") => (
            ErrorKind::Config,
            "a node's certificate is not to be trusted: set tls_ca to the file of who signed it; it must name the host",
        ),
        () if unsent && text.contains("InvalidContentType") => (
            ErrorKind::Config,
            "a node does not speak TLS there: name its port for TLS, or write http instead of https",
        ),
        () if error.is_timeout() => (ErrorKind::Timeout, advice(ErrorKind::Timeout)),
        () => (ErrorKind::Unavailable, advice(ErrorKind::Unavailable)),
    };
    let effect = if unsent || refused { Effect::NotApplied } else { Effect::Unknown };
    Error::new(kind, format!("cannot {doing}: {advice}")).with_effect(effect).with_source(error)
}

/// How a node refuses our certificate; over TLS 1.3 when a request has been sent that it does not read.
const REFUSED: [&str; 7] = [
    "AlertReceived(CertificateRequired)",
    "AlertReceived(BadCertificate)",
    "AlertReceived(UnsupportedCertificate)",
    "AlertReceived(CertificateRevoked)",
    "AlertReceived(CertificateExpired)",
    "AlertReceived(CertificateUnknown)",
    "AlertReceived(UnknownCA)",
];

/// An answer that is not of the form it must have: of something in between, perhaps, which may be gone in a moment.
pub(crate) fn unreadable(doing: impl Display, error: &serde_json::Error) -> Error {
    let message = format!(
        "cannot {doing}: the answer is not one of Elasticsearch or OpenSearch: is there a proxy in between?"
    );
    // The cause may show a part of the answer.
    let place = format!("at line {} column {}", error.line(), error.column());
    Error::new(ErrorKind::Unavailable, message).with_effect(Effect::Unknown).with_source(place)
}

/// What is not complete although it was answered.
pub(crate) fn incomplete(doing: impl Display, what: &str) -> Error {
    let message = format!("cannot {doing}: {what}: try again later");
    Error::new(ErrorKind::Unavailable, message)
}

/// No answer within the time a call has.
pub(crate) fn too_late(doing: impl Display) -> Error {
    let message = format!("cannot {doing}: {}", advice(ErrorKind::Timeout));
    Error::new(ErrorKind::Timeout, message)
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthenticated => {
            "the server does not accept the user, password or API key, or wants one"
        }
        ErrorKind::PermissionDenied => {
            "the account lacks a right that a state store needs, or writing is blocked"
        }
        ErrorKind::OutOfSpace => "the disk of a node is full, or nearly so: make room",
        ErrorKind::Throttled => "the server is busy: try again later",
        ErrorKind::Timeout => "no answer came in time",
        ErrorKind::NotFound => "an index is not there: was it removed?",
        ErrorKind::TooLarge => "the server takes no request of this size",
        ErrorKind::SchemaMismatch => {
            "the mapping of the index was changed: mend it, or use another namespace"
        }
        ErrorKind::InvalidArgument => "the server does not take the request",
        _ => "no node can be reached or can work now",
    }
}

#[cfg(test)]
mod tests {
    use store_core::{
        Effect::{self, NotApplied, Unknown},
        ErrorKind::{self, *},
    };

    use super::{Refusal, unreadable};

    fn told(status: u16, sort: &str, reason: &str) -> (ErrorKind, Effect) {
        let body =
            format!(r#"{{"error":{{"type":"{sort}","reason":"{reason}"}},"status":{status}}}"#);
        let error = Refusal::read(body.as_bytes()).error(status, "write to task a/0");
        assert!(error.to_string().starts_with("cannot write to task a/0: "), "{error}");
        assert!(reason.is_empty() || !format!("{error:?}").contains(reason), "{error:?}");
        (error.kind(), error.effect())
    }

    #[test]
    fn each_answer_of_the_server_has_its_kind() {
        let block = "cluster_block_exception";
        let flood = "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has \
                     read-only-allow-delete block];";
        for (status, sort, reason, expected) in [
            (401, "security_exception", "", (Unauthenticated, NotApplied)),
            (403, "security_exception", "action is unauthorized", (PermissionDenied, NotApplied)),
            (
                403,
                block,
                "index [a] blocked by: [FORBIDDEN/5/index read-only (api)];",
                (PermissionDenied, NotApplied),
            ),
            (429, block, flood, (OutOfSpace, NotApplied)),
            (503, block, "blocked by: [SERVICE_UNAVAILABLE/2/no master];", (Unavailable, Unknown)),
            (404, "index_not_found_exception", "no such index [a]", (NotFound, NotApplied)),
            (429, "es_rejected_execution_exception", "", (Throttled, NotApplied)),
            (429, "rejected_execution_exception", "", (Throttled, NotApplied)),
            (429, "circuit_breaking_exception", "", (Throttled, NotApplied)),
            (503, "circuit_breaking_exception", "", (Throttled, Unknown)),
            (413, "", "", (TooLarge, NotApplied)),
            (400, "strict_dynamic_mapping_exception", "", (SchemaMismatch, NotApplied)),
            (400, "document_parsing_exception", "value 'x'", (SchemaMismatch, NotApplied)),
            (400, "illegal_argument_exception", "", (InvalidArgument, NotApplied)),
            (500, "translog_exception", "No space left on device", (OutOfSpace, Unknown)),
            (500, "", "", (Unavailable, Unknown)),
            (502, "", "", (Unavailable, Unknown)),
            (504, "", "", (Timeout, Unknown)),
        ] {
            assert_eq!(told(status, sort, reason), expected, "{status} {sort} {reason}");
        }
    }

    #[test]
    fn an_answer_that_is_no_json_has_a_kind_too() {
        assert_eq!(Refusal::read(b"Unauthorized").kind(401), Unauthenticated);
        assert_eq!(
            Refusal::read(br#"{"error":"no handler","status":405}"#).kind(405),
            InvalidArgument
        );
        let html = serde_json::from_str::<u8>("<html>hunter2</html>").unwrap_err();
        let error = unreadable("write", &html);
        assert_eq!((error.kind(), error.effect()), (Unavailable, Unknown));
        assert!(error.is_retryable() && !format!("{error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn what_the_server_does_not_tell_may_be_null() {
        for body in [
            r#"{"error":{"type":"es_rejected_execution_exception","reason":null},"status":429}"#,
            r#"{"error":{"type":null,"reason":null},"status":429}"#,
            r#"{"error":{},"status":429}"#,
            r#"{"error":null,"status":429}"#,
        ] {
            let error = Refusal::read(body.as_bytes()).error(429, "write");
            assert_eq!((error.kind(), error.effect()), (Throttled, NotApplied), "{body}");
        }
        let refusal = Refusal::read(br#"{"error":{"type":"x_exception","reason":null}}"#);
        assert!(refusal.error(503, "write").to_string().contains("x_exception"));
    }
}
