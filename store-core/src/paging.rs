//! From pages to a stream of entries.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use crate::{
    Result,
    backend::{Page, Unpacked},
};

/// A page, and where to go on; none where it is the last.
pub(crate) type Fetched<S> = (Page, Option<S>);

/// Entries in order, from pages.
pub(crate) type Entries = BoxStream<'static, Result<(Bytes, Bytes)>>;

/// Scans on their way at once, where a scan goes through several maps of a backend that is not local.
const MAPS_AHEAD: usize = 4;

/// Entries taken between two looks at the page on its way.
const TAKEN_AT_ONCE: usize = 16;

/// The entries from `start` on, in order.
///
/// With `ahead` the next page is asked for when half of one is used up, and gets on whenever the stream is polled;
/// otherwise when all of it is.
pub(crate) fn entries<S, F>(
    start: S,
    ahead: bool,
    fetch: impl Fn(S) -> F + Send + Unpin + 'static,
) -> Entries
where
    S: Send + Unpin + 'static,
    F: Future<Output = Result<Fetched<S>>> + Send + 'static,
{
    Pages { fetch, ahead, entries: Unpacked::default(), start_at: 0, next: Next::At(start) }.boxed()
}

/// Which scans of several may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Together {
    /// The first pages of some.
    Some,
    /// Those behind the first one, since they may not be wanted.
    BehindTheFirst,
    /// None: what comes later is also asked for later.
    None,
}

/// The entries of several scans, one after the other.
pub(crate) fn one_after_the_other<S, F>(
    starts: Vec<S>,
    ahead: bool,
    together: Together,
    fetch: impl Fn(S) -> F + Clone + Send + Unpin + 'static,
) -> Entries
where
    S: Send + Unpin + 'static,
    F: Future<Output = Result<Fetched<S>>> + Send + 'static,
{
    let open = move |start| {
        let fetch = fetch.clone();
        async move {
            let (page, rest) = fetch(start).await?;
            let start_at = page.entries.len() / 2;
            let next = rest.map_or(Next::None, Next::At);
            Ok(Pages { fetch, ahead, entries: page.unpacked(), start_at, next })
        }
    };
    if !ahead || together == Together::None {
        // What `buffered(1)` does, without an allocation and a queue for each page.
        return stream::iter(starts).then(open).try_flatten().boxed();
    }
    let mut starts = starts.into_iter();
    let alone: Vec<S> =
        starts.by_ref().take(usize::from(together == Together::BehindTheFirst)).collect();
    let alone = stream::iter(alone).then(open.clone());
    alone.chain(stream::iter(starts).map(open).buffered(MAPS_AHEAD)).try_flatten().boxed()
}

struct Pages<S, Fetch> {
    fetch: Fetch,
    ahead: bool,
    /// What is left of the page.
    entries: Unpacked,
    /// How many entries may be left when the next page is asked for.
    start_at: usize,
    next: Next<S>,
}

/// The page after this one.
enum Next<S> {
    None,
    At(S),
    OnItsWay(BoxFuture<'static, Result<Fetched<S>>>),
    Arrived(Result<Fetched<S>>),
}

impl<S, F, Fetch> Pages<S, Fetch>
where
    S: Send,
    F: Future<Output = Result<Fetched<S>>> + Send + 'static,
    Fetch: Fn(S) -> F,
{
    /// Lets the next page get on.
    fn poll_next_page(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.next = match mem::replace(&mut self.next, Next::None) {
            Next::At(start) => Next::OnItsWay((self.fetch)(start).boxed()),
            other => other,
        };
        if let Next::OnItsWay(page) = &mut self.next {
            self.next = Next::Arrived(ready!(page.poll_unpin(context)));
        }
        Poll::Ready(())
    }
}

impl<S, F, Fetch> Stream for Pages<S, Fetch>
where
    S: Send + Unpin,
    F: Future<Output = Result<Fetched<S>>> + Send + 'static,
    Fetch: Fn(S) -> F + Unpin,
{
    type Item = Result<(Bytes, Bytes)>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let left = self.entries.len();
            let looks = self.ahead
                && left <= self.start_at
                && (self.start_at - left).is_multiple_of(TAKEN_AT_ONCE);
            if left > 0 {
                if looks {
                    // What became of it is seen when this page is used up.
                    let _ = self.poll_next_page(context);
                }
                return Poll::Ready(self.entries.next().map(Ok));
            }
            if let Next::None = self.next {
                return Poll::Ready(None);
            }
            ready!(self.poll_next_page(context));
            match mem::replace(&mut self.next, Next::None) {
                Next::Arrived(Ok((page, rest))) => {
                    self.start_at = page.entries.len() / 2;
                    self.entries = page.unpacked();
                    self.next = rest.map_or(Next::None, Next::At);
                }
                Next::Arrived(Err(error)) => return Poll::Ready(Some(Err(error))),
                Next::None | Next::At(_) | Next::OnItsWay(_) => return Poll::Ready(None),
            }
        }
    }
}
