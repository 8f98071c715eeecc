//! A store that is sound and whose pages are short: what a backend owes does not ask for more than a page must hold.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "broken/fault.rs"]
#[expect(dead_code, reason = "this store has no other fault")]
mod fault;
#[path = "broken/store.rs"]
mod store;

use std::sync::Arc;

use store_conformance::{Judge, Outcome, Subject, async_trait};
use store_core::{
    Result,
    backend::{MapId, Order, Page, PageLimit},
};

use crate::{
    fault::{Fault, Scan, Sound},
    store::BrokenPlace,
};

type Key = (MapId, bytes::Bytes);

/// A page without an entry up to just before the first one, then half-full pages, none of which is the last.
#[derive(Debug)]
struct Short;

#[async_trait]
impl Fault for Short {
    async fn scan(&self, sound: &Sound, mut scan: Scan) -> Result<Page> {
        scan.limit = PageLimit::new(scan.limit.entries / 2, scan.limit.bytes / 2);
        let page = sound.scan(&scan).await?;
        let (Some((first, _)), Some((last, _))) = (page.entries.first(), page.entries.last())
        else {
            return Ok(page);
        };
        let before = just_before(first, scan.order).filter(|key| scan.range.contains(key));
        if let Some(key) = before {
            return Ok(Page::new(Vec::new(), Some(key.into())));
        }
        let last = last.clone();
        Ok(Page::new(page.entries, Some(last)))
    }
}

/// A key that is passed before this one, with none of the stored ones between them.
fn just_before(key: &[u8], order: Order) -> Option<Vec<u8>> {
    match order {
        Order::Forward => key.strip_suffix(&[0]).map(<[u8]>::to_vec),
        Order::Backward => Some([key, &[0]].concat()),
    }
}

/// Cases that count what the engine asks for, or take a scan for one moment, are about full pages and not held to here.
#[test]
fn short_and_empty_pages_are_enough() {
    let fresh = || async { Ok(BrokenPlace::new(Arc::new(Short))) };
    let subject = Subject::new("short pages", fresh);
    for prefix in ["AD-", "CK-09"] {
        let report = Judge::new(0).with_prefix(prefix).report(&subject, |_| ());
        let failed: Vec<_> = report.failed().collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
        assert!(
            report.cases.iter().any(|line| line.outcome == Outcome::Passed),
            "{prefix} ran nothing"
        );
    }
}
