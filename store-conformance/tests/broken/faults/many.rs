//! What is right for few and wrong for many.

use std::collections::BTreeSet;

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{Page, PageLimit},
};

use super::{Broken, others_go_on};
use crate::{
    Key,
    altered::{Asked, Changed},
    fault::{Fault, Scan, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("reads-torn-wide", "an answer for many keys is of several moments", || {
            WideReads
        }),
        Broken::new("page-torn-long", "a page of many entries is of several moments", || LongPages),
        Broken::new(
            "page-cut",
            "a page above a thousand entries is cut and said to be the last",
            || CutPages,
        ),
        Broken::new("page-limit-overflows", "there is no page without a limit", || {
            Asked(|scan| assert!(scan.limit.entries < usize::MAX, "one more for the next page"))
        }),
        Broken::new(
            "maps-hundred",
            "maps beyond the hundredth of a commit are not written",
            || {
                Changed(|changes| {
                    let first: BTreeSet<_> = changes.keys().take(100).copied().collect();
                    changes.retain(|map, _| first.contains(map));
                })
            },
        ),
    ]
}

/// What is asked for at a time.
const PART: usize = 128;

#[derive(Debug)]
struct WideReads;

#[async_trait]
impl Fault for WideReads {
    async fn get_many(&self, sound: &Sound, keys: &[Key]) -> Result<Vec<Option<Bytes>>> {
        let mut found = Vec::new();
        for part in keys.chunks(PART) {
            if !found.is_empty() {
                others_go_on(5).await;
            }
            found.extend(sound.reader.get_many(part).await?);
        }
        Ok(found)
    }
}

#[derive(Debug)]
struct LongPages;

#[async_trait]
impl Fault for LongPages {
    async fn scan(&self, sound: &Sound, mut scan: Scan) -> Result<Page> {
        let (asked, mut entries, mut bytes) = (scan.limit, Vec::new(), 0);
        loop {
            let room = (asked.entries - entries.len()).min(PART);
            scan.limit = PageLimit::new(room, asked.bytes.saturating_sub(bytes));
            let part = sound.scan(&scan).await?;
            bytes += part.entries.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
            entries.extend(part.entries);
            let Some(last) = part.resume else { return Ok(Page::new(entries, None)) };
            if asked.is_reached(entries.len(), bytes) {
                return Ok(Page::new(entries, Some(last)));
            }
            scan.range = scan.range.after(last, scan.order);
            others_go_on(5).await;
        }
    }
}

#[derive(Debug)]
struct CutPages;

#[async_trait]
impl Fault for CutPages {
    async fn scan(&self, sound: &Sound, mut scan: Scan) -> Result<Page> {
        let asked = scan.limit.entries;
        scan.limit.entries = asked.min(1000);
        let mut page = sound.scan(&scan).await?;
        if page.entries.len() == 1000 && asked > 1000 {
            page.resume = None;
        }
        Ok(page)
    }
}
