//! Requests: to the node that answered last, again where that may help, and within the time a call has.

use std::{
    borrow::Cow,
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use elasticsearch::http::{Method, headers::HeaderMap, transport::Transport};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store_core::{Effect, Error, ErrorKind, Result};
use tokio::time::{sleep, timeout};

use crate::{
    ElasticConfig,
    error::{Refusal, too_late, unanswered, unreadable},
    proof::Proof,
};

/// Sends requests to the nodes of a cluster. A cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    nodes: Arc<[Transport]>,
    /// How often another node was gone over to: which one is asked first.
    at: Arc<AtomicUsize>,
    /// What the node must have done before it is asked.
    pub(crate) proof: Option<Arc<Proof>>,
    timeout: Duration,
    retries: u32,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, Cow<'static, str>)>,
    pub(crate) body: Option<Bytes>,
}

impl Request {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None }
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::Post, path)
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The longest answer that is read: several times the largest entry.
const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// Pauses between tries, each twice as long as the one before, as often as something may be tried again.
pub(crate) struct Pauses {
    left: u32,
    next: Duration,
}

impl Pauses {
    /// Waits before the next try; false where there is none.
    pub(crate) async fn wait(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}

impl Client {
    pub(crate) fn new(nodes: Vec<Transport>, config: &ElasticConfig) -> Self {
        let (timeout, retries) = (config.timeout(), config.retries);
        Self { nodes: nodes.into(), at: Arc::default(), proof: None, timeout, retries }
    }

    pub(crate) const fn pauses(&self) -> Pauses {
        Pauses { left: self.retries, next: FIRST_PAUSE }
    }

    /// Ends what takes longer than a call may.
    pub(crate) async fn within<T>(
        &self,
        doing: impl Display,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let late = |elapsed| Err(too_late(doing).with_source(elapsed));
        timeout(self.timeout, call).await.unwrap_or_else(late)
    }

    /// Sends a request that may be repeated until it is answered; `read` says what the answer is, or that it is none.
    pub(crate) async fn ask<T: DeserializeOwned, A>(
        &self,
        request: Request,
        doing: impl Display + Copy,
        read: impl Fn(T) -> Result<A>,
    ) -> Result<A> {
        let tries = async {
            let mut pauses = self.pauses();
            loop {
                match self.once(&request, doing).await.and_then(&read) {
                    Err(error) if passes(&error) && pauses.wait().await => {}
                    answer => return answer,
                }
            }
        };
        self.within(doing, tries).await
    }

    /// Sends a request once, and reads the answer.
    pub(crate) async fn once<T: DeserializeOwned>(
        &self,
        request: &Request,
        doing: impl Display + Copy,
    ) -> Result<T> {
        let at = self.at.load(Ordering::Relaxed);
        let answer = async {
            self.prove(at, doing).await?;
            self.once_at(at, request, doing).await
        };
        let answer = answer.await;
        if let Err(error) = &answer
            && matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout)
        {
            // The next one, unless another request has gone on already.
            let next = at.wrapping_add(1);
            let _ = self.at.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed);
        }
        answer
    }

    /// Sends a request to one node, and reads the answer.
    pub(crate) async fn once_at<T: DeserializeOwned>(
        &self,
        at: usize,
        request: &Request,
        doing: impl Display + Copy,
    ) -> Result<T> {
        let answer = self.send(at, request, doing).await?;
        serde_json::from_slice(&answer).map_err(|error| unreadable(doing, &error))
    }

    pub(crate) fn has_one_node(&self) -> bool {
        self.nodes.len() == 1
    }

    async fn send(
        &self,
        at: usize,
        request: &Request,
        doing: impl Display + Copy,
    ) -> Result<Bytes> {
        let Request { method, path, query, body } = request.clone();
        // A node that hangs leaves time for another.
        let limit = self.timeout / u32::try_from(self.nodes.len().min(3)).unwrap_or(1);
        let sent = self.nodes[at % self.nodes.len()]
            .send(method, &path, HeaderMap::new(), Some(&query), body, Some(limit))
            .await
            .map_err(|error| unanswered(doing, error))?;
        let status = sent.status_code().as_u16();
        if sent.content_length().is_some_and(|length| length > MAX_ANSWER_BYTES) {
            let message = format!("cannot {doing}: the answer is too large");
            return Err(Error::new(ErrorKind::TooLarge, message).with_effect(Effect::Unknown));
        }
        let body = sent.bytes().await.map_err(|error| unanswered(doing, error))?;
        if (200..300).contains(&status) {
            return Ok(body);
        }
        Err(Refusal::read(&body).error(status, doing))
    }
}

/// Whether the same request may succeed in a moment.
pub(crate) fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Throttled)
}

/// Whether the same may be had by smaller requests.
pub(crate) fn asks_for_less(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Throttled)
}

/// What an answer says of the shards that were asked.
#[derive(Clone, Copy, Debug, serde::Deserialize)]
pub(crate) struct Shards {
    successful: u32,
    failed: u32,
}

/// An answer that is nothing but complete or not.
#[derive(serde::Deserialize)]
struct Complete {
    #[serde(rename = "_shards")]
    shards: Shards,
}

impl Shards {
    /// An answer without some of them is none.
    pub(crate) fn check(self, doing: impl Display) -> Result<()> {
        if self.failed == 0 {
            return Ok(());
        }
        Err(crate::error::incomplete(doing, "a part of the index did not answer"))
    }

    /// The same, and none at all is no answer: a refresh that found no shard did nothing, and is no failure.
    fn check_some(self, doing: impl Display) -> Result<()> {
        match self {
            Self { successful: 0, .. } => Self { failed: 1, ..self }.check(doing),
            _ => self.check(doing),
        }
    }
}

impl Client {
    /// Makes what was acknowledged before visible to searches.
    pub(crate) async fn refresh(&self, index: &str, doing: impl Display + Copy) -> Result<()> {
        let request = Request::post(format!("/{index}/_refresh"));
        self.ask(request, doing, |answer: Complete| answer.shards.check_some(doing)).await
    }
}
