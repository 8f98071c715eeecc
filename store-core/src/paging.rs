//! From pages to a stream of entries.

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use crate::{
    Result,
    backend::{KeyRange, Order, Page},
};

/// The entries of a range, in order: fetches page after page, each when the one before is used up.
pub(crate) fn entries<F>(
    range: KeyRange,
    order: Order,
    fetch: impl Fn(KeyRange) -> F + Send + 'static,
) -> BoxStream<'static, Result<(Bytes, Bytes)>>
where
    F: Future<Output = Result<Page>> + Send + 'static,
{
    let pages = stream::try_unfold((Some(range), fetch), move |(range, fetch)| async move {
        let Some(range) = range else { return Ok(None) };
        let page = fetch(range.clone()).await?;
        let rest = page.resume.map(|last| range.after(last, order));
        Ok(Some((stream::iter(page.entries).map(Ok), (rest, fetch))))
    });
    pages.try_flatten().boxed()
}
