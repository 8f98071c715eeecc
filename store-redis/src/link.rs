//! What requests go over, and which of them are sent again.

use std::{io, time::Duration};

use redis::{
    AsyncCommands, Cmd, ErrorKind as RedisKind, FromRedisValue, Pipeline, RedisError, RedisFuture,
    RedisResult, ServerErrorKind, Value,
    aio::{ConnectionLike, ConnectionManager},
    cluster_async::ClusterConnection,
};

use crate::{
    RedisConfig,
    error::{code, is_aborted, refused},
    layout::{FENCE, Keys},
    script::Call,
};

/// A shared connection; clones use the same one.
///
/// What a cluster refuses because it is changing is sent again here and not by the driver, which would also do so after
/// a lost answer: a commit that was fenced could then have taken effect.
#[derive(Clone)]
pub(crate) struct Link {
    line: Line,
    limit: Duration,
    retries: u32,
    /// Whether what is sent next may have been done by what was sent before.
    unsure: bool,
}

#[derive(Clone)]
pub(crate) enum Line {
    Server(ConnectionManager),
    Cluster(ClusterConnection),
}

#[derive(Clone, Copy)]
enum Request<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline, usize, usize),
}

/// The longest pause before something is tried again.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Link {
    pub(crate) fn new(line: Line, config: &RedisConfig) -> Self {
        Self { line, limit: config.timeout(), retries: config.retries, unsure: false }
    }

    pub(crate) const fn is_cluster(&self) -> bool {
        matches!(self.line, Line::Cluster(_))
    }

    /// Around somebody else's connection.
    pub(crate) fn of(connection: ConnectionManager, config: &RedisConfig) -> Self {
        Self::new(Line::Server(connection), config)
    }

    /// Runs a script, within the time of one request also where the server does not know it yet.
    pub(crate) async fn run<T: FromRedisValue>(&self, call: &Call<'_>) -> RedisResult<T> {
        let run = async {
            let mut link = self.clone();
            match call.command(false).query_async(&mut link).await {
                Err(error) if is_unknown_script(&error) => {
                    call.command(true).query_async(&mut link).await
                }
                answer => answer,
            }
        };
        in_time(self.limit, run).await
    }

    /// Runs a script, and behind it on the same line another command. With its text, since behind a script that the server
    /// does not know the other command would wait for nothing.
    pub(crate) async fn run_and<A: FromRedisValue, B: FromRedisValue>(
        &self,
        call: &Call<'_>,
        then: &Cmd,
    ) -> RedisResult<(A, B)> {
        let mut pipe = redis::pipe();
        pipe.add_command(call.command(true)).add_command(then.clone());
        pipe.query_async(&mut self.clone()).await
    }

    /// The names of a task's maps.
    pub(crate) async fn maps(&self, keys: &Keys) -> RedisResult<Vec<String>> {
        self.clone().smembers(keys.maps()).await
    }

    /// The fence of a task and another field of its record, as they are at one moment; none without its record.
    pub(crate) async fn fence_and(
        &self,
        keys: &Keys,
        field: &str,
    ) -> RedisResult<(Option<String>, Option<String>)> {
        let mut fields = redis::cmd("HMGET");
        fields.arg(keys.task()).arg(FENCE).arg(field);
        fields.query_async(&mut self.clone()).await
    }

    async fn send(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let (limit, retries) = (self.limit, self.retries);
        let cluster = self.is_cluster();
        let patiently = async {
            let (mut tries, mut unsure) = (0, self.unsure);
            loop {
                match self.line.send(request).await {
                    Err(error) if cluster && is_changing(&error) => {
                        if let (Request::Many(pipe, ..), true) = (request, is_aborted(&error)) {
                            self.line.learn(pipe).await;
                        }
                        unsure |= may_be_of_driver(&error) || request.is_in_parts();
                        if tries == retries {
                            return Err(gives_up(unsure, &error));
                        }
                        let pause = Duration::from_millis(50 << tries.min(5));
                        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                        tries += 1;
                    }
                    Err(error) if unsure || cluster && is_of_driver(&error) => {
                        return Err(gives_up(true, &error));
                    }
                    Ok(answers) if unsure => {
                        let refused = match answers.first() {
                            Some(Value::ServerError(error)) => RedisError::from(error.clone()),
                            _ => return Ok(answers),
                        };
                        if is_unknown_script(&refused) {
                            // Its text comes next, for what was sent before.
                            self.unsure = true;
                            return Ok(answers);
                        }
                        return Err(gives_up(true, &refused));
                    }
                    answer => return answer,
                }
            }
        };
        in_time(limit, patiently).await
    }
}

impl Request<'_> {
    /// Whether some of it may be done where the rest is refused.
    fn is_in_parts(self) -> bool {
        matches!(self, Request::Many(pipe, ..) if !pipe.is_transaction())
    }
}

/// What is told of a cluster that does not come to rest. `unsure` where the error may be of the driver's own, or one of several
/// commands was refused: the driver does not say which one, so what was before it may have been done.
fn gives_up(unsure: bool, error: &RedisError) -> RedisError {
    let kind = if unsure { RedisKind::Client } else { RedisKind::ClusterConnectionNotFound };
    (kind, "the cluster is changing", error.to_string()).into()
}

async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> RedisResult<T> {
    let answer = tokio::time::timeout(limit, answer).await;
    answer.unwrap_or_else(|_elapsed| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

impl Line {
    /// Asks by the first command of a transaction that was refused, which only reads. The driver does not look into
    /// refused transactions, and so would send them to the same server for ever.
    async fn learn(&mut self, refused: &Pipeline) {
        if let Some(first) = refused.cmd_iter().next() {
            let _ = self.send(Request::One(first)).await;
        }
    }

    async fn send(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let one = |value| vec![value];
        match (self, request) {
            (Self::Server(line), Request::One(command)) => {
                line.req_packed_command(command).await.map(one)
            }
            (Self::Cluster(line), Request::One(command)) => {
                line.req_packed_command(command).await.map(one)
            }
            (Self::Server(line), Request::Many(pipe, offset, count)) => {
                line.req_packed_commands(pipe, offset, count).await
            }
            (Self::Cluster(line), Request::Many(pipe, offset, count)) => {
                line.req_packed_commands(pipe, offset, count).await
            }
        }
    }
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut answers = self.send(Request::One(command)).await?;
            Ok(answers.pop().unwrap_or(Value::Nil))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipe: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(self.send(Request::Many(pipe, offset, count)))
    }

    fn get_db(&self) -> i64 {
        match &self.line {
            Line::Server(line) => line.get_db(),
            Line::Cluster(line) => line.get_db(),
        }
    }
}

/// Whether an error says that the cluster is changing, and may be of the driver's own search for the slots: it gives that to all
/// requests on their way, also to those that were answered.
fn may_be_of_driver(error: &RedisError) -> bool {
    code(error).is_none_or(|code| ["CLUSTERDOWN", "LOADING", "MASTERDOWN"].contains(&&*code))
}

/// Whether it is what the driver was refused itself: what a server refuses of ours comes as a value, but for a cluster that is
/// changing, and for a transaction that is not begun.
fn is_of_driver(error: &RedisError) -> bool {
    code(error).is_some() && !is_aborted(error)
}

fn is_unknown_script(error: &RedisError) -> bool {
    code(error).as_deref() == Some("NOSCRIPT")
}

/// Whether a cluster has moved what was asked for, or is about to, and did nothing.
fn is_changing(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly, TryAgain};
    if code(error).is_some() {
        let kind = refused(error).and_then(|refused| refused.kind());
        return matches!(
            kind,
            Some(Ask | BusyLoading | ClusterDown | MasterDown | Moved | ReadOnly | TryAgain)
        );
    }
    error.kind() == RedisKind::ClusterConnectionNotFound || error.is_connection_refusal()
}

#[cfg(test)]
mod tests {
    use store_core::{Effect, ErrorKind};

    use super::{Request, gives_up, is_changing};
    use crate::error::{redis, tests::answering};

    #[tokio::test]
    async fn a_refused_transaction_says_that_the_cluster_is_changing() {
        for (refusal, changing) in [
            ("MOVED 7 127.0.0.1:1", true),
            ("ASK 7 127.0.0.1:1", true),
            ("TRYAGAIN Multiple keys request during rehashing of slot", true),
            ("NOPERM this user has no permissions", false),
        ] {
            let answer = format!("+OK\r\n-{refusal}\r\n-EXECABORT Transaction discarded\r\n");
            let mut line = answering(answer).await;
            let mut pipe = redis::pipe();
            pipe.atomic().cmd("HGET");
            let error = pipe.query_async::<(String,)>(&mut line).await.unwrap_err();
            assert_eq!(is_changing(&error), changing, "{error:?}");
        }
    }

    #[tokio::test]
    async fn what_the_server_says_behind_a_commit_is_no_change_of_the_cluster() {
        let mut line = answering("+OK\r\n-READONLY a replica\r\n".to_owned()).await;
        let mut pipe = redis::pipe();
        pipe.cmd("EVALSHA").cmd("WAIT");
        let error = pipe.query_async::<(String, u64)>(&mut line).await.unwrap_err();
        assert!(!is_changing(&error), "{error:?}");
    }

    /// A cluster's driver gives the error of one command without its place.
    #[tokio::test]
    async fn a_cluster_does_not_say_which_command_it_refused() {
        let mut line = answering("-MASTERDOWN link is down\r\n".to_owned()).await;
        let error = redis::cmd("EVAL").query_async::<String>(&mut line).await.unwrap_err();
        assert!(is_changing(&error), "{error:?}");
        let mut pipe = redis::pipe();
        pipe.cmd("EVAL").cmd("WAIT");
        let unsure = Request::Many(&pipe, 0, 2).is_in_parts();
        for (unsure, effect) in [(unsure, Effect::Unknown), (false, Effect::NotApplied)] {
            let told = redis("commit", gives_up(unsure, &error));
            assert_eq!((told.kind(), told.effect()), (ErrorKind::Unavailable, effect));
        }
        pipe.atomic();
        assert!(!Request::Many(&pipe, 0, 2).is_in_parts(), "a transaction is done or not");
    }
}
