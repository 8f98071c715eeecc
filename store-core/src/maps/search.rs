//! Searches: from pages to a stream of entries.

use std::sync::Arc;

use bytes::Bytes;
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use super::read::Source;
use crate::{
    Error, ErrorKind, Result,
    backend::{Page, PageLimit, SearchPage, TaskReader},
    paging,
    search::{IndexedField, Query},
};

/// What is asked, page by page.
#[derive(Clone)]
struct Search {
    source: Source,
    store: u32,
    query: Arc<Query>,
    page: PageLimit,
}

/// Where a page begins, and how many entries are still wanted; none for all.
#[derive(Default)]
struct Rest {
    after: Option<Bytes>,
    wanted: Option<usize>,
}

/// The first page is fetched at once, since it says up to which commit is seen.
pub(super) async fn search(
    source: Source,
    store: u32,
    fields: &[IndexedField],
    query: &Query,
    page: PageLimit,
) -> Result<(u64, BoxStream<'static, Result<(Bytes, Bytes)>>)> {
    let wanted = query.limit;
    let reader = source.reader();
    reader.searcher().ok_or_else(|| unsupported(reader))?;
    query.check(fields)?;
    let ahead = reader.local().is_none();
    let search = Search { source, store, query: Arc::new(query.clone()), page };
    let (SearchPage { entries, sequence, .. }, rest) =
        search.page(Rest { after: None, wanted }).await?;
    let first = stream::iter(entries.into_iter().map(Ok));
    let Some(rest) = rest else { return Ok((sequence, first.boxed())) };
    let fetch = move |rest| -> BoxFuture<'static, Result<paging::Fetched<Rest>>> {
        let search = search.clone();
        let fetched = |(page, rest): (SearchPage, _)| (Page::new(page.entries, None), rest);
        async move { search.page(rest).await.map(fetched) }.boxed()
    };
    Ok((sequence, first.chain(paging::entries(rest, ahead, fetch)).boxed()))
}

impl Search {
    /// A page that holds no more than is wanted, and where the next one begins.
    async fn page(&self, rest: Rest) -> Result<(SearchPage, Option<Rest>)> {
        self.source.check()?;
        let reader = self.source.reader();
        let searcher = reader.searcher().ok_or_else(|| unsupported(reader))?;
        let entries = rest.wanted.map_or(self.page.entries, |wanted| wanted.min(self.page.entries));
        let limit = PageLimit::new(entries, self.page.bytes);
        let mut page = searcher.search(self.store, &self.query, rest.after.as_ref(), limit).await?;
        self.source.check()?;
        // A page has room for one entry also where none is wanted.
        page.entries.truncate(rest.wanted.unwrap_or(usize::MAX));
        let wanted = rest.wanted.map(|wanted| wanted - page.entries.len());
        let after = page.resume.take().filter(|_| wanted != Some(0));
        let rest = after.map(|after| Rest { after: Some(after), wanted });
        Ok((page, rest))
    }
}

impl Source {
    fn reader(&self) -> &dyn TaskReader {
        match self {
            Self::Owned(engine) => engine.writer(),
            Self::Shared(reader, _) => &**reader,
        }
    }

    fn check(&self) -> Result<()> {
        match self {
            Self::Owned(engine) => engine.check(),
            Self::Shared(..) => Ok(()),
        }
    }
}

fn unsupported(reader: &dyn TaskReader) -> Error {
    let backend = reader.capabilities().backend;
    let message = format!(
        "{backend} has no search: keep the state in Elasticsearch, OpenSearch or memory, or look through a scan"
    );
    Error::new(ErrorKind::Unsupported, message)
}
