//! Pages of buckets that are lists.

use std::{
    future::{Ready, ready},
    sync::Mutex,
};

use scylla::response::PagingState;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Order, Page, PageLimit},
    seen::Seen,
};

use super::{Fetched, Row, merged};

/// A map: entries spread over buckets, and what was asked of it.
struct Map {
    buckets: Vec<Vec<Row>>,
    /// Pages of each bucket that come empty before each one that does not, and at the end.
    empty: usize,
    /// Rows and bytes of each answer.
    answers: Mutex<Vec<(usize, usize)>>,
    fails: bool,
}

impl Map {
    /// Entries of these sizes in the order of their keys.
    fn new(buckets: usize, sizes: impl IntoIterator<Item = usize>) -> Self {
        let mut spread = vec![Vec::new(); buckets];
        for (n, size) in sizes.into_iter().enumerate() {
            let key = format!("{n:08}").into_bytes();
            let value = vec![0; size.saturating_sub(key.len())];
            // A hash of sorts.
            spread[n * 7 % buckets].push((key, value));
        }
        let (empty, answers, fails) = (0, Mutex::default(), false);
        Self { buckets: spread, empty, answers, fails }
    }

    fn fetch(&self, bucket: i32, rows: usize, state: &PagingState) -> Ready<Result<Fetched<Row>>> {
        if self.fails {
            return ready(Err(Error::new(ErrorKind::Timeout, "late")));
        }
        let bucket = &self.buckets[usize::try_from(bucket).unwrap()];
        // Where to go on: a row's number, and how many pages came empty before it.
        let place = state.as_bytes_slice().map_or([0; 9], |place| place[..].try_into().unwrap());
        let (at, empty) = (usize::from_be_bytes(place[..8].try_into().unwrap()), place[8]);
        let next = |at: usize, empty: u8| {
            let place = [&at.to_be_bytes()[..], &[empty]].concat();
            Some(PagingState::new_from_raw_bytes(place))
        };
        if usize::from(empty) < self.empty {
            return ready(Ok((Vec::new(), next(at, empty + 1))));
        }
        let end = bucket.len().min(at + rows);
        let came = bucket[at..end].to_vec();
        let bytes = came.iter().map(|(key, value)| key.len() + value.len()).sum();
        self.answers.lock().unwrap().push((came.len(), bytes));
        // As a server does that stops at the number of rows: there may be more.
        let more = if came.len() == rows { next(end, 0) } else { None };
        ready(Ok((came, more)))
    }

    async fn page(&self, order: Order, limit: PageLimit, seen: &mut Seen) -> Result<Page> {
        self.answers.lock().unwrap().clear();
        let buckets = (0..).take(self.buckets.len());
        let fetch = |bucket, rows, state| self.fetch(bucket, rows, &state);
        merged(buckets, order, limit, 32, seen, fetch).await
    }

    /// Rows and bytes that the last page has brought.
    fn brought(&self) -> (usize, usize) {
        let answers = self.answers.lock().unwrap();
        answers.iter().fold((0, 0), |sum, came| (sum.0 + came.0, sum.1 + came.1))
    }
}

fn keys(page: &Page) -> Vec<String> {
    let text = |key: &[u8]| String::from_utf8(key.to_vec()).unwrap();
    page.entries.iter().map(|(key, _)| text(key)).collect()
}

fn numbers(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("{n:08}")).collect()
}

const MIB: usize = 1 << 20;

#[tokio::test]
async fn rows_of_all_buckets_come_in_order() {
    let mut map = Map::new(5, [20; 100]);
    let limit = PageLimit::new(30, MIB);
    let page = map.page(Order::Forward, limit, &mut Seen::default()).await.unwrap();
    assert_eq!(keys(&page), numbers(0..30));
    assert_eq!(page.resume.as_deref(), Some(&b"00000029"[..]));
    map.buckets.iter_mut().for_each(|bucket| bucket.reverse());
    let limit = PageLimit::new(1000, MIB);
    let page = map.page(Order::Backward, limit, &mut Seen::default()).await.unwrap();
    assert_eq!((keys(&page), page.resume), (numbers((0..100).rev()), None));
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    for empty in [1, 3] {
        let mut map = Map::new(3, [20; 50]);
        map.empty = empty;
        let page =
            map.page(Order::Forward, PageLimit::default(), &mut Seen::default()).await.unwrap();
        assert_eq!((keys(&page), page.resume), (numbers(0..50), None));
        // Nor is one where there is nothing at all.
        map.buckets[1].clear();
        let page = map.page(Order::Forward, PageLimit::new(4, MIB), &mut Seen::default()).await;
        assert_eq!(page.unwrap().entries.len(), 4);
    }
}

#[tokio::test]
async fn an_error_ends_the_page() {
    let mut map = Map::new(3, [20; 50]);
    map.fails = true;
    let error = map.page(Order::Forward, PageLimit::default(), &mut Seen::default()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
}

/// Beyond the limit there is one entry of each bucket, and of one that was not known yet two.
#[tokio::test]
async fn a_page_of_large_entries_brings_little_more_than_its_limit() {
    let limit = PageLimit::new(1000, 64 << 10);
    for size in [100, 1 << 10, 4 << 10, 16 << 10, 128 << 10] {
        let map = Map::new(16, std::iter::repeat_n(size, (MIB / size).clamp(48, 4000)));
        let mut seen = Seen::default();
        for at_first in [2, 1] {
            let page = map.page(Order::Forward, limit, &mut seen).await.unwrap();
            assert!(page.resume.is_some());
            let (_, bytes) = map.brought();
            let most = limit.bytes + 16 * size * at_first;
            assert!(bytes <= most, "{bytes} bytes of at most {most} in entries of {size}");
        }
    }
}

/// One bucket is asked first, so that the others do not bring as many.
#[tokio::test]
async fn entries_that_suddenly_are_large_come_from_one_bucket_only() {
    let sizes = std::iter::repeat_n(100, 3000).chain(std::iter::repeat_n(16 << 10, 1000));
    let mut map = Map::new(16, sizes);
    let mut seen = Seen::default();
    let limit = PageLimit::new(1000, MIB);
    map.page(Order::Forward, limit, &mut seen).await.unwrap();
    // The next page begins where they are large.
    map.buckets.iter_mut().for_each(|bucket| bucket.retain(|row| row.1.len() > 100));
    map.page(Order::Forward, limit, &mut seen).await.unwrap();
    let answers = map.answers.lock().unwrap();
    let (first, rest) = answers.split_first().unwrap();
    assert!(first.0 > 16, "many were asked for, as small ones: {first:?}");
    assert!(rest.iter().all(|(rows, _)| *rows == 1), "{rest:?}");
    let bytes_of_first = first.1;
    drop(answers);
    assert!(map.brought().1 <= limit.bytes + 16 * (16 << 10) + bytes_of_first);
}

#[tokio::test]
async fn small_entries_come_by_few_requests_once_they_are_known() {
    let map = Map::new(16, [100; 4000]);
    let mut seen = Seen::default();
    map.page(Order::Forward, PageLimit::default(), &mut seen).await.unwrap();
    map.page(Order::Forward, PageLimit::default(), &mut seen).await.unwrap();
    let requests = map.answers.lock().unwrap().len();
    assert!(requests <= 20, "{requests} requests");
    assert!(map.brought().0 <= 1500);
}
