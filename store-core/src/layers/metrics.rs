//! Counts and measures the calls of a backend.

use std::{borrow::Cow, sync::Arc, time::Instant};

use metrics::{Label, counter, histogram};

use super::{Answer, Call, CallKind, Layer, Size};
use crate::Result;

/// Counts and measures calls, for whatever recorder the program has installed for the `metrics` facade.
///
/// | name | kind | labels | what |
/// | --- | --- | --- | --- |
/// | `store_calls_total` | counter | `call`, `outcome` | calls that have ended |
/// | `store_call_seconds` | histogram | `call` | how long a call took, failed ones included |
/// | `store_call_entries` | histogram | `call` | keys asked for, entries of a page, writes of a commit, tasks of a list |
/// | `store_call_bytes` | histogram | `call` | bytes of keys and values, both ways, and of a commit's checkpoint |
///
/// - `call` is the name of a method of the waist: `claim`, `read`, `tasks`, `destroy`, `get_many`, `scan`,
///   `approximate_len`, `checkpoint`, `search`, `commit`, `apply`, `close`.
/// - `outcome` is `ok`, the kind of the error as in [`ErrorKind`](crate::ErrorKind), or `dropped` where nobody waited for the
///   end.
/// - Entries and bytes are recorded for `get_many`, `scan`, `search`, `commit` and `tasks` that succeeded.
///
/// So the labels have at most 12 values of one and 23 of the other, whatever the data are: no names of tasks or stores.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{layers::Metrics, memory::MemoryBackend, prelude::*};
///
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?
///     .layer(Metrics::new().with_label("database", "counts"));
/// # database.task("app", 0).open().await?;
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    labels: Arc<Vec<Label>>,
}

impl Metrics {
    /// Without labels of one's own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a label that is the same for all calls: to tell databases apart, or what is counted inside and outside of
    /// another layer.
    #[must_use]
    pub fn with_label(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Self {
        let label = Label::new(shared(name.into()), shared(value.into()));
        Arc::make_mut(&mut self.labels).push(label);
        self
    }

    fn labels(&self, call: CallKind) -> Vec<Label> {
        let mut labels = self.labels.to_vec();
        labels.push(Label::from_static_parts("call", call.name()));
        labels
    }
}

fn shared(text: Cow<'static, str>) -> metrics::SharedString {
    match text {
        Cow::Borrowed(text) => metrics::SharedString::const_str(text),
        Cow::Owned(text) => metrics::SharedString::from_owned(text),
    }
}

impl Layer for Metrics {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        let mut running = Running::new(self, call.kind());
        let answer = send().await;
        running.outcome = match &answer {
            Ok(answer) => {
                running.carried(call.size(), answer.size());
                Cow::Borrowed("ok")
            }
            Err(error) => Cow::Owned(error.kind().to_string()),
        };
        answer
    }
}

/// A call that is on its way; counted when this goes, and so also where it was dropped.
struct Running<'a> {
    metrics: &'a Metrics,
    call: CallKind,
    start: Instant,
    outcome: Cow<'static, str>,
}

impl<'a> Running<'a> {
    fn new(metrics: &'a Metrics, call: CallKind) -> Self {
        Self { metrics, call, start: Instant::now(), outcome: Cow::Borrowed("dropped") }
    }

    #[expect(clippy::cast_precision_loss, reason = "histograms take floats")]
    fn carried(&self, sent: Size, answered: Size) {
        let entries = match self.call {
            CallKind::GetMany | CallKind::Commit => sent.entries,
            CallKind::Scan | CallKind::Search | CallKind::Tasks => answered.entries,
            _ => return,
        };
        let labels = self.metrics.labels(self.call);
        histogram!("store_call_entries", labels.clone()).record(entries as f64);
        histogram!("store_call_bytes", labels).record((sent.bytes + answered.bytes) as f64);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut labels = self.metrics.labels(self.call);
        histogram!("store_call_seconds", labels.clone()).record(self.start.elapsed());
        let outcome = shared(std::mem::take(&mut self.outcome));
        labels.push(Label::new("outcome", outcome));
        counter!("store_calls_total", labels).increment(1);
    }
}
