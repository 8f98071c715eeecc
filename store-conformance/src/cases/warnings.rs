//! Counts the warnings that a part of a case gives.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    instrument::WithSubscriber,
    span::{Attributes, Id, Record},
};

#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

/// Runs a part of a case, and gives how many warnings came of it.
pub(crate) async fn warnings<T: Send>(part: impl Future<Output = T> + Send) -> (T, usize) {
    let warnings = Warnings::default();
    let done = part.with_subscriber(warnings.clone()).await;
    (done, warnings.0.load(Ordering::Relaxed))
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
