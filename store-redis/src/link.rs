//! What requests go over, and which of them are sent again.

use std::{io, time::Duration};

use redis::{
    Cmd, ErrorKind as RedisKind, FromRedisValue, Pipeline, RedisError, RedisFuture, RedisResult,
    ServerErrorKind, Value,
    aio::{ConnectionLike, ConnectionManager},
    cluster_async::ClusterConnection,
};

use crate::{
    RedisConfig,
    error::{code, is_aborted, refused},
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
        Self { line, limit: config.timeout(), retries: config.retries }
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
        let run = |with_text| {
            let mut link = self.clone();
            async move { call.command(with_text).query_async(&mut link).await }
        };
        in_time(self.limit, by_hash_or_text(run)).await
    }

    /// Runs a script as [`run`](Self::run) does, and behind it on the same line another command.
    pub(crate) async fn run_and<A: FromRedisValue, B: FromRedisValue>(
        &self,
        call: &Call<'_>,
        then: &Cmd,
    ) -> RedisResult<(A, B)> {
        let run = |with_text| {
            let (mut link, mut pipe) = (self.clone(), redis::pipe());
            pipe.add_command(call.command(with_text)).add_command(then.clone());
            async move { pipe.query_async(&mut link).await }
        };
        in_time(self.limit, by_hash_or_text(run)).await
    }

    async fn send(&mut self, request: Request<'_>) -> RedisResult<Vec<Value>> {
        let (limit, retries) = (self.limit, self.retries);
        let cluster = self.is_cluster();
        let patiently = async {
            let mut tries = 0;
            loop {
                let answer = self.line.send(request).await;
                match answer {
                    Err(error) if cluster && is_changing(&error) => {
                        if let (Request::Many(pipe, ..), true) = (request, is_aborted(&error)) {
                            self.line.learn(pipe).await;
                        }
                        if tries == retries {
                            return Err(gives_up(request, &error));
                        }
                        let pause = Duration::from_millis(50 << tries.min(5));
                        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
                        tries += 1;
                    }
                    answer => return answer,
                }
            }
        };
        in_time(limit, patiently).await
    }
}

/// Runs a script by its hash, and with its text where the server does not know it yet.
async fn by_hash_or_text<T, F: Future<Output = RedisResult<T>>>(
    run: impl Fn(bool) -> F,
) -> RedisResult<T> {
    match run(false).await {
        Err(error) if is_unknown_script(&error) => run(true).await,
        answer => answer,
    }
}

/// What is told of a cluster that does not come to rest. Of several commands the driver does not say which one it
/// refused, so the first may have been done, unless all of them are one transaction.
fn gives_up(request: Request<'_>, error: &RedisError) -> RedisError {
    let nothing_done = match request {
        Request::One(_) => true,
        Request::Many(pipe, ..) => pipe.is_transaction() || code(error).is_none(),
    };
    let kind = if nothing_done { RedisKind::ClusterConnectionNotFound } else { RedisKind::Io };
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
    use super::is_changing;
    use crate::error::tests::answering;

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
    async fn a_commit_that_is_done_is_not_sent_again() {
        let mut line = answering("+OK\r\n-READONLY a replica\r\n".to_owned()).await;
        let mut pipe = redis::pipe();
        pipe.cmd("EVALSHA").cmd("WAIT");
        let error = pipe.query_async::<(String, u64)>(&mut line).await.unwrap_err();
        assert!(!is_changing(&error), "{error:?}");
    }
}
