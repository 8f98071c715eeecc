//! Scans: bounds, order, pages.

use std::ops::Bound;

use bytes::Bytes;
use store_conformance::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Order, Page, PageLimit},
};

use super::Broken;
use crate::{
    altered::{Asked, Paged, mirrored},
    fault::{Fault, Scan, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("scan-start-lost", "an included low end is left out", || {
            Asked(|scan| exclude(&mut scan.range.start))
        }),
        Broken::new("scan-start-kept", "an excluded low end is there", || {
            Asked(|scan| include(&mut scan.range.start))
        })
        .endless(),
        Broken::new("scan-end-lost", "an included high end is left out", || {
            Asked(|scan| exclude(&mut scan.range.end))
        }),
        Broken::new("scan-end-kept", "an excluded high end is there", || {
            Asked(|scan| include(&mut scan.range.end))
        })
        .endless(),
        Broken::new("scan-one-way", "a backward scan goes forward", || {
            Asked(|scan| scan.order = Order::Forward)
        }),
        Broken::new("scan-other-way", "scans go the other way", || {
            Asked(|scan| scan.order = mirrored(scan.order))
        })
        .endless(),
        Broken::new("scan-without-empty-key", "a scan leaves out the empty key", || {
            Asked(|scan| {
                if scan.range.start == Bound::Unbounded {
                    scan.range.start = Bound::Excluded(Bytes::new());
                }
            })
        }),
        Broken::new("scan-ends-at-ff", "an open high end is the byte ff", || {
            Asked(|scan| {
                if scan.range.end == Bound::Unbounded {
                    scan.range.end = Bound::Excluded(Bytes::from_static(&[0xff]));
                }
            })
        }),
        Broken::new("page-edge-hole", "the last entry of a full page is lost", || {
            Paged(|page, _| {
                if page.resume.is_some() {
                    page.entries.pop();
                }
            })
        }),
        Broken::new("page-edge-twice", "the last entry of a page comes again", || {
            Paged(|page, _| {
                if let (Some(resume), [.., (key, _), _]) = (&mut page.resume, &page.entries[..]) {
                    *resume = key.clone();
                }
            })
        })
        .endless(),
        Broken::new("page-skipped", "every other page is left out", || SkipsPages),
        Broken::new("page-is-all", "there is only a first page", || {
            Paged(|page, _| page.resume = None)
        }),
        Broken::new("page-never-last", "there is always a next page", || {
            Paged(|page, scan| {
                let start = match &scan.range.start {
                    Bound::Included(key) | Bound::Excluded(key) => key.clone(),
                    Bound::Unbounded => Bytes::new(),
                };
                page.resume.get_or_insert(start);
            })
        })
        .endless(),
        Broken::new("page-too-long", "a page has one entry more than asked for", || {
            Asked(|scan| scan.limit = PageLimit::new(scan.limit.entries + 1, scan.limit.bytes))
        }),
        Broken::new("page-too-heavy", "a page knows no limit of bytes", || {
            Asked(|scan| scan.limit = PageLimit::new(scan.limit.entries, usize::MAX))
        }),
        Broken::new("page-without-room", "an entry larger than a page is left out", || {
            Paged(|page, scan| page.entries.retain(|(_, value)| value.len() < scan.limit.bytes))
        }),
        Broken::new("neighbours-swapped", "two entries of a page change places", || {
            Paged(|page, _| {
                if page.entries.len() > 2 {
                    page.entries.swap(0, 1);
                }
            })
        }),
        Broken::new("bytes-signed", "bytes above 7f come before others", || {
            Paged(|page, scan| {
                sorted(page, scan, |key| key.iter().map(|byte| byte ^ 0x80).collect());
            })
        }),
        Broken::new("longer-last", "short keys come before long ones", || {
            Paged(|page, scan| {
                sorted(page, scan, |key| {
                    key.len().to_be_bytes().into_iter().chain(key.iter().copied()).collect()
                });
            })
        }),
        Broken::new("inverted-refused", "inverted ranges are an error", || {
            Refused(|scan| scan.range.is_empty())
        }),
        Broken::new("foreign-key", "a scan shows a key that nobody wrote", || {
            Paged(|page, scan| {
                let foreign = Bytes::from_static(b"\xff\xff!meta");
                let here = scan.order == Order::Forward && scan.range.contains(&foreign);
                if here && page.resume.is_none() {
                    page.entries.push((foreign, Bytes::new()));
                }
            })
        }),
    ]
}

fn exclude(bound: &mut Bound<Bytes>) {
    if let Bound::Included(key) = bound {
        *bound = Bound::Excluded(key.clone());
    }
}

fn include(bound: &mut Bound<Bytes>) {
    if let Bound::Excluded(key) = bound {
        *bound = Bound::Included(key.clone());
    }
}

fn sorted(page: &mut Page, scan: &Scan, by: fn(&Bytes) -> Vec<u8>) {
    page.entries.sort_by_key(|(key, _)| by(key));
    if scan.order == Order::Backward {
        page.entries.reverse();
    }
}

#[derive(Debug)]
struct SkipsPages;

#[async_trait]
impl Fault for SkipsPages {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        let mut page = sound.scan(&scan).await?;
        if let Some(last) = &page.resume {
            let range = scan.range.after(last.clone(), scan.order);
            page.resume = sound.scan(&Scan { range, ..scan }).await?.resume;
        }
        Ok(page)
    }
}

/// Such scans are refused.
#[derive(Debug)]
struct Refused(fn(&Scan) -> bool);

#[async_trait]
impl Fault for Refused {
    async fn scan(&self, sound: &Sound, scan: Scan) -> Result<Page> {
        if self.0(&scan) {
            return Err(Error::new(ErrorKind::InvalidArgument, "there is no such range"));
        }
        sound.scan(&scan).await
    }
}
