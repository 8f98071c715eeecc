//! A store that is sound and whose pages are short: no case asks for more than a page must hold.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "broken/fault.rs"]
#[expect(dead_code, reason = "this store has no other fault")]
mod fault;
#[path = "common/memory.rs"]
mod memory;
#[path = "broken/store.rs"]
mod store;

use std::sync::Arc;

use store_conformance::{Subject, async_trait, judge};
use store_core::{
    Result,
    backend::{MapId, Order, Page},
};

use crate::{
    fault::{Fault, Scan, Sound},
    store::BrokenPlace,
};

type Key = (MapId, bytes::Bytes);

/// A page without an entry up to just before the first one, then the first half of what a full page has, never said to be
/// the last.
#[derive(Debug)]
struct Short;

#[async_trait]
impl Fault for Short {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        let mut page = sound.scan(&scan).await?;
        let Some((first, _)) = page.entries.first() else { return Ok(page) };
        let before = just_before(first, scan.order).filter(|key| scan.range.contains(key));
        if let Some(key) = before {
            return Ok(Page::new(Vec::new(), Some(key.into())));
        }
        page.entries.truncate(page.entries.len().div_ceil(2));
        page.resume = page.entries.last().map(|(key, _)| key.clone());
        Ok(page)
    }
}

/// A key that is passed before this one, with none of the stored ones between them.
fn just_before(key: &[u8], order: Order) -> Option<Vec<u8>> {
    match order {
        Order::Forward => key.strip_suffix(&[0]).map(<[u8]>::to_vec),
        Order::Backward => Some([key, &[0]].concat()),
    }
}

#[test]
fn short_and_empty_pages_are_enough() {
    let sound = memory::memory("memory");
    let short = Subject::new("short pages", move || {
        let sound = sound.clone();
        async move { Ok(BrokenPlace::new(sound.fresh().await?, Arc::new(Short))) }
    });
    let report = judge(&short, 0);
    let failed: Vec<_> = report.failed().collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(report.counts().passed > 0, "nothing ran");
}
