//! What errors of the driver and the server mean to a caller.

use std::{
    error::Error as StdError,
    fmt::Display,
    io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset},
};

use scylla::errors::{
    BrokenConnectionErrorKind, ConnectionError, ConnectionPoolError,
    ConnectionSetupRequestErrorKind, CqlRequestKind, DbError, ExecutionError,
    FrameHeaderParseError, MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};
use store_core::{Effect, Error, ErrorKind};

/// Maps a failed request; `doing` says what failed, and on which task.
pub(crate) fn failed(doing: impl Display, error: ExecutionError) -> Error {
    let (kind, effect) = execution(&error);
    let advice = match &error {
        ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            DbError::ReadFailure { .. },
            _,
        )) => {
            "a node could not read it: too many deleted keys lie in one bucket (tombstone_failure_threshold), or a file is damaged"
        }
        _ => advice(kind),
    };
    Error::new(kind, format!("cannot {doing}: {advice}")).with_effect(effect).with_source(error)
}

/// Maps a failed write, which the driver may have sent before: an attempt before the last one may have had an effect.
pub(crate) fn write_failed(doing: impl Display, error: ExecutionError) -> Error {
    let unsent = matches!(
        error,
        ExecutionError::ConnectionPoolError(_)
            | ExecutionError::LastAttemptError(RequestAttemptError::UnableToAllocStreamId)
    );
    let error = failed(doing, error);
    if unsent { error.with_effect(Effect::Unknown) } else { error }
}

/// Maps a statement that could not be prepared.
pub(crate) fn unprepared(error: PrepareError) -> Error {
    let kind = match &error {
        PrepareError::ConnectionPoolError(error) => pool(error),
        PrepareError::AllAttemptsFailed { first_attempt } => attempt(first_attempt).0,
        _ => ErrorKind::Unavailable,
    };
    // A table was dropped, or the account may not see it.
    Error::new(kind, format!("cannot prepare the statements of the tables: {}", advice(kind)))
        .with_source(error)
}

/// Maps an answer that cannot be read.
pub(crate) fn unreadable(
    doing: impl Display,
    error: impl StdError + Send + Sync + 'static,
) -> Error {
    let message = format!("cannot {doing}: the answer is not of the form of our tables");
    Error::new(ErrorKind::Corrupt, message).with_effect(Effect::Unknown).with_source(error)
}

/// Maps a session that could not be made, over TLS or not.
pub(crate) fn connecting(error: NewSessionError, tls: bool) -> Error {
    let kind = match &error {
        NewSessionError::EmptyKnownNodesList | NewSessionError::IllegalConfig(_) => {
            ErrorKind::Config
        }
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(error)) => pool(error),
        _ => ErrorKind::Unavailable,
    };
    let text = if tls { error.to_string() } else { String::new() };
    let (kind, advice) = if text.contains("received fatal alert") {
        (
            ErrorKind::Config,
            "a node refuses our certificate, or wants one: set tls_certificate and tls_key",
        )
    } else if text.contains("certificate") {
        let advice = "a node's certificate is not to be trusted: set tls_ca to the file of who signed it; it must name the \
            node's IP address";
        (ErrorKind::Config, advice)
    } else if text.contains("corrupt message") {
        (
            ErrorKind::Config,
            "a node does not speak TLS there: name its port for TLS, or leave tls out",
        )
    } else if tls && tells_nothing(&error) {
        let advice = "a node ends the connection and does not say why: where it wants a certificate of ours, set \
            tls_certificate and tls_key; else try again later";
        (kind, advice)
    } else {
        (kind, advice(kind))
    };
    Error::new(kind, format!("cannot connect to Cassandra: {advice}")).with_source(error)
}

/// Whether a session could not be made for a reason that was lost: a node ended the connection before the first request was
/// handed to the driver's side of it, or the network threw away what the node said when that request came after its end.
pub(crate) fn tells_nothing(error: &NewSessionError) -> bool {
    let NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
        ConnectionPoolError::Broken {
            last_connection_error: ConnectionError::ConnectionSetupRequestError(error),
        },
    )) = error
    else {
        return false;
    };
    let ConnectionSetupRequestErrorKind::BrokenConnection(broken) = &error.error else {
        return false;
    };
    if !matches!(error.request_kind, CqlRequestKind::Options) {
        return false;
    }
    match broken.downcast_ref() {
        Some(BrokenConnectionErrorKind::ChannelError) => true,
        Some(
            BrokenConnectionErrorKind::WriteError(error)
            | BrokenConnectionErrorKind::FrameHeaderParseError(FrameHeaderParseError::HeaderIoError(
                error,
            )),
        ) => matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe),
        _ => false,
    }
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Unauthenticated => {
            "the server does not accept the user or password, or wants one"
        }
        ErrorKind::PermissionDenied => "the user lacks a permission that a state store needs",
        ErrorKind::Throttled => "the server is busy: try again later",
        ErrorKind::Timeout => "no answer came in time",
        ErrorKind::Config => "the address, datacenter or keyspace is not usable",
        ErrorKind::NotFound => "the keyspace or a table is not there: was it dropped?",
        ErrorKind::TooLarge => "the server takes no request of this size",
        ErrorKind::Unsupported => {
            "the server cannot do this: it must be Cassandra 4.0 or newer, or ScyllaDB"
        }
        ErrorKind::InvalidArgument => "the server does not take the request",
        _ => "too few nodes can be reached or can work now",
    }
}

/// The kind of a failed request, and whether it may have taken effect.
pub(crate) fn execution(error: &ExecutionError) -> (ErrorKind, Effect) {
    match error {
        ExecutionError::BadQuery(_) => (ErrorKind::InvalidArgument, Effect::NotApplied),
        ExecutionError::EmptyPlan => (ErrorKind::Config, Effect::NotApplied),
        ExecutionError::PrepareError(_) => (ErrorKind::Unavailable, Effect::NotApplied),
        ExecutionError::ConnectionPoolError(error) => (pool(error), Effect::NotApplied),
        ExecutionError::LastAttemptError(error) => attempt(error),
        ExecutionError::RequestTimeout(_) => (ErrorKind::Timeout, Effect::Unknown),
        _ => (ErrorKind::Unavailable, Effect::Unknown),
    }
}

fn attempt(error: &RequestAttemptError) -> (ErrorKind, Effect) {
    match error {
        RequestAttemptError::DbError(error, message) => database(error, message),
        RequestAttemptError::SerializationError(_)
        | RequestAttemptError::CqlRequestSerialization(_) => {
            (ErrorKind::InvalidArgument, Effect::NotApplied)
        }
        RequestAttemptError::UnableToAllocStreamId => (ErrorKind::Throttled, Effect::NotApplied),
        _ => (ErrorKind::Unavailable, Effect::Unknown),
    }
}

fn database(error: &DbError, message: &str) -> (ErrorKind, Effect) {
    use ErrorKind::{
        Config, InvalidArgument, NotFound, PermissionDenied, Throttled, Timeout, TooLarge,
        Unauthenticated, Unavailable, Unsupported,
    };
    match error {
        DbError::Invalid => {
            let says = |part| message.to_lowercase().contains(part);
            let kind = match () {
                () if says("tablets") => Unsupported,
                () if says("unconfigured table")
                    || says("does not exist")
                    || says("doesn't exist") =>
                {
                    NotFound
                }
                // `max_mutation_size`, and the guardrail `column_value_size_fail_threshold`.
                () if says("oversized") || says("value_size") => TooLarge,
                () if says("too large") || says("maximum") => TooLarge,
                () => InvalidArgument,
            };
            (kind, Effect::NotApplied)
        }
        DbError::SyntaxError => (Unsupported, Effect::NotApplied),
        DbError::Unauthorized => (PermissionDenied, Effect::NotApplied),
        DbError::AuthenticationError => (Unauthenticated, Effect::NotApplied),
        // Two nodes made one table at the same moment.
        DbError::ConfigError if message.to_lowercase().contains("id mismatch") => {
            (Unavailable, Effect::Unknown)
        }
        DbError::ConfigError => (Config, Effect::NotApplied),
        DbError::RateLimitReached { rejected_by_coordinator: true, .. } => {
            (Throttled, Effect::NotApplied)
        }
        // Part of it may have been done before it was given up.
        DbError::Overloaded | DbError::RateLimitReached { .. } => (Throttled, Effect::Unknown),
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => (Timeout, Effect::Unknown),
        DbError::ProtocolError => (Unsupported, Effect::Unknown),
        // 0x1700: a conditional change whose outcome the server does not know.
        DbError::Other(0x1700) => (Timeout, Effect::Unknown),
        _ => (Unavailable, Effect::Unknown),
    }
}

fn pool(error: &ConnectionPoolError) -> ErrorKind {
    match error {
        ConnectionPoolError::Broken { last_connection_error } => connection(last_connection_error),
        _ => ErrorKind::Unavailable,
    }
}

fn connection(error: &ConnectionError) -> ErrorKind {
    use ConnectionSetupRequestErrorKind::{
        AuthFinishError, DbError as Refused, MissingAuthentication, StartAuthSessionError,
    };
    match error {
        ConnectionError::ConnectTimeout => ErrorKind::Timeout,
        ConnectionError::ConnectionSetupRequestError(error) => match error.get_error() {
            MissingAuthentication | AuthFinishError(_) | StartAuthSessionError(_) => {
                ErrorKind::Unauthenticated
            }
            Refused(error, message) => database(error, message).0,
            _ => ErrorKind::Unavailable,
        },
        _ => ErrorKind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use scylla::{
        errors::{
            ConnectionPoolError, DbError, ExecutionError, OperationType, RequestAttemptError,
            WriteType,
        },
        statement::Consistency,
    };
    use store_core::{
        Effect::{self, NotApplied, Unknown},
        ErrorKind::{self, *},
    };

    use super::{execution, failed, write_failed};

    fn answered(error: DbError, message: &str) -> (ErrorKind, Effect) {
        execution(&ExecutionError::LastAttemptError(RequestAttemptError::DbError(
            error,
            message.to_owned(),
        )))
    }

    #[test]
    fn each_answer_of_the_server_has_its_kind() {
        let consistency = Consistency::LocalQuorum;
        let late = |write_type| DbError::WriteTimeout {
            consistency,
            received: 1,
            required: 2,
            write_type,
        };
        let few = DbError::Unavailable { consistency, required: 2, alive: 1 };
        let limited = |op_type, rejected_by_coordinator| DbError::RateLimitReached {
            op_type,
            rejected_by_coordinator,
        };
        let table = [
            (late(WriteType::Cas), "", (Timeout, Unknown)),
            (late(WriteType::UnloggedBatch), "", (Timeout, Unknown)),
            (few, "", (Unavailable, Unknown)),
            (DbError::Other(0x1700), "", (Timeout, Unknown)),
            (DbError::Overloaded, "", (Throttled, Unknown)),
            (DbError::AuthenticationError, "", (Unauthenticated, NotApplied)),
            (DbError::Unauthorized, "", (PermissionDenied, NotApplied)),
            (DbError::SyntaxError, "", (Unsupported, NotApplied)),
            (DbError::Invalid, "unconfigured table data", (NotFound, NotApplied)),
            (DbError::Invalid, "Keyspace 'store' doesn't exist", (NotFound, NotApplied)),
            (DbError::ConfigError, "Unable to find compaction strategy", (Config, NotApplied)),
            (DbError::ConfigError, "Column family ID mismatch", (Unavailable, Unknown)),
            (
                DbError::Invalid,
                "Key length of 70000 is longer than maximum",
                (TooLarge, NotApplied),
            ),
            (
                DbError::Invalid,
                "Rejected an oversized mutation (1048700/1048576) for keyspace: store. Top keys are: logs.app/0",
                (TooLarge, NotApplied),
            ),
            (
                DbError::Invalid,
                "Guardrail column_value_size violated: Value of column 'body' has size 2.000MiB, this exceeds the failure \
                 threshold of 1.000MiB.",
                (TooLarge, NotApplied),
            ),
            // ScyllaDB.
            (DbError::Invalid, "LWT is not yet supported with tablets", (Unsupported, NotApplied)),
            (limited(OperationType::Write, true), "", (Throttled, NotApplied)),
            (limited(OperationType::Write, false), "", (Throttled, Unknown)),
        ];
        for (error, message, expected) in table {
            let about = format!("{error:?} {message}");
            assert_eq!(answered(error, message), expected, "{about}");
        }
    }

    #[test]
    fn an_error_says_what_failed_and_what_to_do() {
        let error = failed("write to task a/0", ExecutionError::EmptyPlan);
        assert_eq!(error.kind(), Config);
        assert!(error.to_string().starts_with("cannot write to task a/0: "), "{error}");
    }

    #[test]
    fn a_write_that_found_no_connection_in_the_end_may_have_been_sent_before() {
        let error = || {
            let error = ConnectionPoolError::NodeDisabledByHostFilter;
            ExecutionError::ConnectionPoolError(error)
        };
        assert_eq!(failed("write", error()).effect(), NotApplied);
        assert_eq!(write_failed("write", error()).effect(), Unknown);
        let refused = RequestAttemptError::DbError(DbError::Unauthorized, String::new());
        let refused = write_failed("write", ExecutionError::LastAttemptError(refused));
        assert_eq!((refused.kind(), refused.effect()), (PermissionDenied, NotApplied));
    }
}
