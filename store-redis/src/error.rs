//! What Redis errors mean to a caller.

use std::fmt::Display;

use redis::{ErrorKind as RedisKind, RedisError, ServerError, ServerErrorKind};
use store_core::{Effect, Error, ErrorKind};

/// Maps the error of a connection that could not be made, `tls` or not.
pub(crate) fn connecting(error: RedisError, tls: bool) -> Error {
    let text = error.to_string();
    if tls && error.is_timeout() {
        let message = "cannot connect to Redis: no answer came in time; a server that does not speak TLS there waits for more";
        return Error::new(ErrorKind::Timeout, message)
            .with_source(error)
            .with_effect(Effect::NotApplied);
    }
    let advice = if tls && text.contains("received fatal alert") {
        "the server refuses our certificate, or wants one: set tls_certificate and tls_key"
    } else if tls && text.contains("certificate") {
        "the server's certificate is not to be trusted: set tls_ca to the file of who signed it, and use a name it is for"
    } else if tls && text.contains("corrupt message") {
        "the server does not speak TLS there: name its port for TLS, or write a scheme without TLS"
    } else if !tls && error.kind() == RedisKind::Parse {
        "what answers does not speak Redis: where it speaks TLS, write rediss:// or rediss+cluster://"
    } else if text.contains("refused to switch database") {
        "the server does not have the database of this number; in a cluster there is only 0: leave it out of the URL"
    } else if text.contains("cluster support disabled") {
        "the server is not part of a cluster: write redis:// or rediss://"
    } else if error.is_connection_dropped()
        && !error.is_connection_refusal()
        && error.kind() == RedisKind::Io
    {
        let hint = if tls {
            "a certificate of ours, set tls_certificate and tls_key"
        } else {
            "TLS, write rediss://"
        };
        let message = format!(
            "cannot connect to Redis: the server ended the connection at once; where it wants {hint}"
        );
        return Error::new(ErrorKind::Unavailable, message).with_source(error);
    } else {
        return redis("connect to Redis", error);
    };
    Error::new(ErrorKind::Config, format!("cannot connect to Redis: {advice}")).with_source(error)
}

/// Maps a driver's error; `doing` says what failed, and on which task.
pub(crate) fn redis(doing: impl Display, error: RedisError) -> Error {
    let kind = kind(&error);
    let advice = if kind == ErrorKind::Unsupported { unsupported(&error) } else { advice(kind) };
    let mapped = Error::new(kind, format!("cannot {doing}: {advice}"));
    let mapped = mapped.with_effect(effect(&error));
    // A failed conversion says which value it failed on.
    let says_value = matches!(error.kind(), RedisKind::Parse | RedisKind::UnexpectedReturnType);
    if says_value { mapped } else { mapped.with_source(error) }
}

const fn advice(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Fenced => "a later owner has claimed the task: give it up",
        ErrorKind::SequenceGap => {
            "the server lost a commit that it had acknowledged: open the task again"
        }
        ErrorKind::InvalidArgument => "a key of ours holds something else: use another namespace",
        ErrorKind::Unauthenticated => "the server does not accept the user or password",
        ErrorKind::PermissionDenied => "the user lacks a permission that a state store needs",
        ErrorKind::OutOfSpace => {
            "the server's memory or disk is full: free some, or raise maxmemory"
        }
        ErrorKind::Throttled => "the server is busy: try again later",
        ErrorKind::Timeout => "no answer came in time",
        ErrorKind::Config => "the address or URL is not usable",
        ErrorKind::Corrupt => {
            "the stored state contradicts itself: restore it from a copy, or destroy the task and rebuild it"
        }
        ErrorKind::SchemaMismatch => {
            "another release stored the task: use that one, or one that knows its layout"
        }
        _ => "the server cannot be reached or cannot work now",
    }
}

/// What is told where the server does not know what it is asked for, or not in this way.
fn unsupported(error: &RedisError) -> &'static str {
    let text = error.to_string().to_lowercase();
    // Before 7.0 the first line of a script is no line of the language.
    let is_unknown =
        ["unknown", "syntax error", "compiling script"].iter().any(|said| text.contains(said));
    match code(error).as_deref() {
        Some("MOVED" | "CROSSSLOT") => {
            "the server is part of a cluster: write redis+cluster:// or rediss+cluster://"
        }
        Some("ERR") if !is_unknown => {
            "the server refuses what a state store needs; its own answer, below, says why"
        }
        _ => "the server must be Redis 7.0 or newer, or Valkey",
    }
}

/// The code of the server's answer, also where it answered one command of several.
pub(crate) fn code(error: &RedisError) -> Option<String> {
    let errors = error.clone().into_server_errors()?;
    errors.first().map(|(_, error)| error.code().to_owned())
}

/// What the server refused, where it did nothing at all: not where it did the first of several commands, such as
/// a commit that is waited for.
pub(crate) fn refused(error: &RedisError) -> Option<ServerError> {
    let errors = error.clone().into_server_errors()?;
    let (place, first) = errors.first()?;
    (*place == 0 || is_aborted(error)).then(|| first.clone())
}

/// Whether a transaction was not begun because of one of its commands.
pub(crate) fn is_aborted(error: &RedisError) -> bool {
    error.kind() == RedisKind::Server(ServerErrorKind::ExecAbort)
}

fn kind(error: &RedisError) -> ErrorKind {
    if let Some(code) = code(error) {
        return server_kind(&code, error);
    }
    match error.kind() {
        _ if error.is_timeout() => ErrorKind::Timeout,
        RedisKind::AuthenticationFailed => ErrorKind::Unauthenticated,
        RedisKind::InvalidClientConfig => ErrorKind::Config,
        RedisKind::Parse | RedisKind::UnexpectedReturnType => ErrorKind::Corrupt,
        RedisKind::RESP3NotSupported => ErrorKind::Unsupported,
        _ => ErrorKind::Unavailable,
    }
}

/// What servers say of a command or key that the user may not use inside a script: Redis 7.0, and later ones and Valkey.
const FORBIDDEN: [&str; 3] =
    ["can't run this command", "can't access at least one of the keys", "ACL failure in script"];

fn server_kind(code: &str, error: &RedisError) -> ErrorKind {
    match code {
        "FENCED" => ErrorKind::Fenced,
        "SEQGAP" => ErrorKind::SequenceGap,
        "FOREIGN" | "WRONGTYPE" => ErrorKind::InvalidArgument,
        "DAMAGED" => ErrorKind::Corrupt,
        "LAYOUT" => ErrorKind::SchemaMismatch,
        "NOAUTH" | "WRONGPASS" => ErrorKind::Unauthenticated,
        "NOPERM" => ErrorKind::PermissionDenied,
        // MISCONF: writes are stopped because the disk does not take them.
        "OOM" | "MISCONF" => ErrorKind::OutOfSpace,
        "BUSY" => ErrorKind::Throttled,
        "ERR" if error.to_string().contains("max number of clients") => ErrorKind::Throttled,
        // Inside a script a forbidden command has no code of its own.
        "ERR" if FORBIDDEN.iter().any(|said| error.to_string().contains(said)) => {
            ErrorKind::PermissionDenied
        }
        "ERR" | "MOVED" | "CROSSSLOT" => ErrorKind::Unsupported,
        _ => ErrorKind::Unavailable,
    }
}

/// Whether a code, of our scripts or of the server, says that nothing was done. `ERR` may come from the middle of a script, which rolls
/// nothing back, and others from what stands in front of the server and has passed the request on.
fn nothing_done(code: &str) -> bool {
    matches!(
        code,
        "ASK"
            | "BUSY"
            | "CLUSTERDOWN"
            | "CROSSSLOT"
            | "DAMAGED"
            | "EXECABORT"
            | "FENCED"
            | "FOREIGN"
            | "INCOMPLETE"
            | "LAYOUT"
            | "LOADING"
            | "MASTERDOWN"
            | "MISCONF"
            | "MOVED"
            | "NOAUTH"
            | "NOPERM"
            | "NOREPLICAS"
            | "NOSCRIPT"
            | "OOM"
            | "READONLY"
            | "SEQGAP"
            | "STALE"
            | "TRYAGAIN"
            | "UNAPPLIED"
            | "WRONGPASS"
            | "WRONGTYPE"
    )
}

fn effect(error: &RedisError) -> Effect {
    let certain = match (code(error), refused(error)) {
        (Some(_), Some(refused)) => nothing_done(refused.code()),
        (Some(_), None) => false,
        (None, _) => {
            error.is_connection_refusal() || error.kind() == RedisKind::ClusterConnectionNotFound
        }
    };
    if certain { Effect::NotApplied } else { Effect::Unknown }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{error::Error as _, io, sync::LazyLock};

    use redis::{
        FromRedisValue, RedisConnectionInfo, RedisError, aio::MultiplexedConnection,
        parse_redis_value,
    };
    use store_core::{Effect, ErrorKind};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::redis;

    /// A line to a server that says this to the first request.
    pub(crate) async fn answering(answer: String) -> MultiplexedConnection {
        // What drives the line borrows it.
        static LOGIN: LazyLock<RedisConnectionInfo> =
            LazyLock::new(|| RedisConnectionInfo::default().set_skip_set_lib_name());
        let (ours, mut theirs) = tokio::io::duplex(1 << 10);
        let (line, driver) = MultiplexedConnection::new(&LOGIN, ours).await.unwrap();
        tokio::spawn(driver);
        tokio::spawn(async move {
            theirs.read_u8().await.unwrap();
            theirs.write_all(answer.as_bytes()).await.unwrap();
            // Stays open until the other side ends.
            let _ = theirs.read_to_end(&mut Vec::new()).await;
        });
        line
    }

    /// The error of a server's answer, as it comes over the wire.
    fn answered(line: &str) -> RedisError {
        parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap().extract_error().unwrap_err()
    }

    #[test]
    fn each_answer_of_the_server_has_its_kind() {
        use ErrorKind::*;
        let table = [
            ("FENCED a later owner", Fenced),
            ("SEQGAP the task is at commit 3", SequenceGap),
            ("FOREIGN store:{a:0}:1:h", InvalidArgument),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", InvalidArgument),
            ("DAMAGED store:{a:0}:1:h", Corrupt),
            ("LAYOUT the task is stored in layout 2", SchemaMismatch),
            ("STALE the log of an earlier attempt", Unavailable),
            ("UNAPPLIED the commit before", Unavailable),
            ("ASK 3999 127.0.0.1:6381", Unavailable),
            ("EXECABORT Transaction discarded because of previous errors.", Unavailable),
            ("NOSCRIPT No matching script.", Unavailable),
            ("NOAUTH Authentication required.", Unauthenticated),
            ("WRONGPASS invalid username-password pair or user is disabled.", Unauthenticated),
            ("NOPERM this user has no permissions to run the 'hget' command", PermissionDenied),
            ("OOM command not allowed when used memory > 'maxmemory'.", OutOfSpace),
            ("MISCONF Errors writing to the AOF file: No space left on device", OutOfSpace),
            ("BUSY Redis is busy running a script.", Throttled),
            ("LOADING Redis is loading the dataset in memory", Unavailable),
            ("READONLY You can't write against a read only replica.", Unavailable),
            ("MASTERDOWN Link with MASTER is down", Unavailable),
            ("CLUSTERDOWN The cluster is down", Unavailable),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Unavailable),
            ("NOREPLICAS Not enough good replicas to write.", Unavailable),
            ("MOVED 3999 127.0.0.1:6381", Unsupported),
            ("CROSSSLOT Keys in request don't hash to the same slot", Unsupported),
        ];
        for (line, kind) in table {
            let error = redis("commit task a/0", answered(line));
            assert_eq!((error.kind(), error.effect()), (kind, Effect::NotApplied), "{line}");
            assert!(error.to_string().starts_with("cannot commit task a/0: "), "{error}");
            assert!(error.source().is_some());
        }
    }

    #[test]
    fn an_error_out_of_a_script_leaves_the_effect_unknown() {
        let error = redis("commit", answered("upstream failure"));
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unavailable, Effect::Unknown));
        let error = redis("commit", answered("ERR user_script:12: boom"));
        assert_eq!((error.kind(), error.effect()), (ErrorKind::Unsupported, Effect::Unknown));
        for forbidden in [
            "ERR The user executing the script can't run this command or subcommand",
            "ERR The user executing the script can't access at least one of the keys",
            "ERR ACL failure in script: User app has no permissions to run the 'hset' command",
        ] {
            let error = redis("commit", answered(forbidden));
            let known = (error.kind(), error.effect());
            assert_eq!(known, (ErrorKind::PermissionDenied, Effect::Unknown), "{forbidden}");
        }
        let error = redis("commit", answered("ERR max number of clients reached"));
        assert_eq!(error.kind(), ErrorKind::Throttled);
    }

    #[test]
    fn what_is_not_supported_says_what_to_do() {
        for (line, advice) in [
            ("ERR unknown command 'WAITAOF'", "Redis 7.0"),
            (
                "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'",
                "Redis 7.0",
            ),
            ("MOVED 3999 127.0.0.1:6381", "redis+cluster://"),
            ("ERR WAITAOF cannot be used when appendonly is disabled", "its own answer"),
        ] {
            let error = redis("commit", answered(line));
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{line}");
            assert!(error.to_string().contains(advice), "{line}: {error}");
        }
    }

    #[tokio::test]
    async fn what_fails_behind_a_commit_leaves_it_unknown() {
        let answers = |lines: [&str; 2]| lines.map(|line| format!("{line}\r\n")).concat();
        for (lines, effect) in [
            // The commit is done; the wait for it is not.
            (["+OK", "-UNBLOCKED force unblock from blocking operation"], Effect::Unknown),
            (["+OK", "-NOPERM this user has no permissions"], Effect::Unknown),
            (["-FENCED a later owner", ":1"], Effect::NotApplied),
            (["-OOM command not allowed", "-UNBLOCKED force unblock"], Effect::NotApplied),
        ] {
            let mut line = answering(answers(lines)).await;
            let mut pipe = redis::pipe();
            pipe.cmd("EVALSHA").cmd("WAIT");
            let error = pipe.query_async::<(String, u64)>(&mut line).await.unwrap_err();
            assert_eq!(redis("commit", error).effect(), effect, "{lines:?}");
        }
    }

    #[test]
    fn a_lost_answer_is_unknown_and_a_refused_connection_is_not() {
        let table = [
            (io::ErrorKind::TimedOut, ErrorKind::Timeout, Effect::Unknown),
            (io::ErrorKind::BrokenPipe, ErrorKind::Unavailable, Effect::Unknown),
            (io::ErrorKind::ConnectionReset, ErrorKind::Unavailable, Effect::Unknown),
            (io::ErrorKind::UnexpectedEof, ErrorKind::Unavailable, Effect::Unknown),
            (io::ErrorKind::ConnectionRefused, ErrorKind::Unavailable, Effect::NotApplied),
        ];
        for (io, kind, effect) in table {
            let error = redis("commit", io::Error::from(io).into());
            assert_eq!((error.kind(), error.effect()), (kind, effect), "{io:?}");
        }
    }

    #[test]
    fn a_value_is_never_shown() {
        let value = parse_redis_value(b"$6\r\nsecret\r\n").unwrap();
        let error = redis("read", u64::from_redis_value(value).unwrap_err().into());
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}
