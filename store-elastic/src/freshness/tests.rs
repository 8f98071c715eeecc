use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use bytes::Bytes;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest},
};
use store_core::{
    backend::{Changes, Fence, KeyRange, MapChange, MapId, Order, OwnerId, Page, PageLimit, Put},
    redo::Meta,
};

use super::Freshness;

const MAP: MapId = MapId::whole(1);

fn must_refresh(freshness: &Freshness) -> Option<u64> {
    freshness.overlay(MAP, &KeyRange::ALL, Order::Forward, PageLimit::default()).err()
}

#[test]
fn one_refresh_is_enough_until_something_is_written() {
    let freshness = Freshness::default();
    let first = freshness.missing().unwrap();
    // Written while the refresh is on its way: it may have missed it.
    freshness.disturb();
    freshness.refreshed(first);
    let second = freshness.missing().unwrap();
    assert_eq!(must_refresh(&freshness), Some(second));
    freshness.refreshed(second);
    assert_eq!(freshness.missing(), None);
    freshness.refreshed(first);
    assert_eq!(freshness.missing(), None);
}

#[test]
fn what_we_wrote_needs_no_refresh_for_a_scan_but_for_a_search() {
    let freshness = Freshness::default();
    freshness.refreshed(1);
    freshness.writing().arrived(&Changes::default());
    assert_eq!((freshness.missing(), must_refresh(&freshness)), (Some(2), None));
    freshness.refreshed(2);
    assert_eq!(freshness.missing(), None);
}

#[test]
fn a_writing_that_is_given_up_may_have_written_anything() {
    let freshness = Freshness::default();
    freshness.refreshed(1);
    drop(freshness.writing());
    assert_eq!(must_refresh(&freshness), Some(2));
}

#[test]
fn a_dropped_map_is_refreshed_away() {
    let freshness = Freshness::default();
    freshness.refreshed(1);
    let dropped = BTreeMap::from([(MapId::segment(1, 4), MapChange::Drop)]);
    freshness.writing().arrived(&dropped);
    assert!(must_refresh(&freshness).is_some());
}

#[test]
fn another_record_says_that_somebody_wrote() {
    let freshness = Freshness::default();
    let mut meta = Meta::new(Fence::new(1, OwnerId::from_u128(1)));
    let mut see = |change: fn(&mut Meta)| {
        change(&mut meta);
        freshness.saw(&meta);
        let missing = must_refresh(&freshness);
        freshness.refreshed(missing.unwrap_or_default());
        missing.is_some()
    };
    assert!(see(|_| ()));
    assert!(!see(|_| ()));
    assert!(see(|meta| meta.sequence = 1));
    assert!(see(|meta| meta.fence.epoch = 2));
    assert!(see(|meta| meta.destroyed = 2));
    assert!(!see(|_| ()));
}

/// Documents, as far as they matter here.
type Documents = BTreeMap<Bytes, Bytes>;

/// An index: what is stored, and what searches show of it.
#[derive(Default)]
struct Index {
    stored: Documents,
    shown: Documents,
}

#[derive(Clone, Debug)]
enum Step {
    /// Keys that are put to this value, or deleted.
    Write(BTreeMap<u8, Option<u8>>),
    /// The same, of which nobody hears, and only of the even keys.
    Lost(BTreeMap<u8, Option<u8>>),
    /// By somebody else, of whom the record tells.
    Foreign(u8, Option<u8>),
    /// The server makes all of some keys visible by itself.
    Shown(BTreeSet<u8>),
    /// A count of ours refreshes, and we write while it is on its way.
    Counted(BTreeMap<u8, Option<u8>>),
    Scan {
        from: Bound<u8>,
        to: Bound<u8>,
        backward: bool,
        entries: usize,
        /// How many entries a page of the search has at most.
        rows: usize,
    },
}

fn key(n: u8) -> Bytes {
    Bytes::from(vec![n])
}

fn write(documents: &mut Documents, writes: impl IntoIterator<Item = (u8, Option<u8>)>) {
    for (n, value) in writes {
        match value {
            Some(value) => documents.insert(key(n), Bytes::from(vec![value; 3])),
            None => documents.remove(&key(n)),
        };
    }
}

fn changes(writes: &BTreeMap<u8, Option<u8>>) -> Changes {
    let put = |value| Put::new(Bytes::from(vec![value; 3]));
    let writes = writes.iter().map(|(n, value)| (key(*n), value.map(put))).collect();
    BTreeMap::from([(MAP, MapChange::Write(writes))])
}

impl Index {
    fn refresh(&mut self) {
        self.shown.clone_from(&self.stored);
    }

    /// One page of a search.
    fn page(&self, range: &KeyRange, order: Order, limit: PageLimit) -> Page {
        let entries = entries(&self.shown, range, order).into_iter().map(Ok::<_, ()>);
        Page::collect(entries, limit).unwrap()
    }

    /// What a scan gives, page by page, as the backend does it; the server shows more between two of them.
    fn scan(&mut self, freshness: &Freshness, scan: &Step) -> Vec<(Bytes, Bytes)> {
        let Step::Scan { entries, rows, .. } = *scan else { return Vec::new() };
        let (mut range, order) = asked(scan);
        let limit = PageLimit::new(entries, 1 << 20);
        let mut found = Vec::new();
        while !range.is_empty() {
            let overlay = loop {
                match freshness.overlay(MAP, &range, order, limit) {
                    Ok(overlay) => break overlay,
                    Err(written) => {
                        self.refresh();
                        freshness.refreshed(written);
                    }
                }
            };
            let stored = self.page(&range, order, PageLimit::new(rows.min(entries), 1 << 20));
            let page = overlay.over(stored, order, limit);
            assert!(page.entries.len() <= entries);
            found.extend(page.entries);
            let Some(resume) = page.resume else { break };
            assert!(range.contains(&resume));
            range = range.after(resume, order);
            if let Some((n, value)) = self.stored.first_key_value() {
                self.shown.insert(n.clone(), value.clone());
            }
        }
        found
    }
}

fn asked(scan: &Step) -> (KeyRange, Order) {
    match scan {
        Step::Scan { from, to, backward, .. } => {
            let order = if *backward { Order::Backward } else { Order::Forward };
            (KeyRange::new(from.map(key), to.map(key)), order)
        }
        _ => (KeyRange::ALL, Order::Forward),
    }
}

fn entries(documents: &Documents, range: &KeyRange, order: Order) -> Vec<(Bytes, Bytes)> {
    let inside = documents.iter().filter(|(key, _)| range.contains(key));
    let inside = inside.map(|(key, value)| (key.clone(), value.clone()));
    match order {
        Order::Forward => inside.collect(),
        Order::Backward => inside.rev().collect(),
    }
}

fn step() -> impl Strategy<Value = Step> {
    let keys = || 0..24_u8;
    let writes = move || proptest::collection::btree_map(keys(), any::<Option<u8>>(), 0..12);
    let end = move || {
        prop_oneof![
            Just(Bound::Unbounded),
            keys().prop_map(Bound::Included),
            keys().prop_map(Bound::Excluded)
        ]
    };
    let scan = (end(), end(), any::<bool>(), 1..8_usize, 1..8_usize);
    let scan = scan.prop_map(|(from, to, backward, entries, rows)| Step::Scan {
        from,
        to,
        backward,
        entries,
        rows,
    });
    prop_oneof![
        6 => writes().prop_map(Step::Write),
        1 => writes().prop_map(Step::Lost),
        1 => (keys(), any::<Option<u8>>()).prop_map(|(n, value)| Step::Foreign(n, value)),
        4 => proptest::collection::btree_set(keys(), 0..12).prop_map(Step::Shown),
        1 => writes().prop_map(Step::Counted),
        8 => scan,
    ]
}

proptest! {
    /// Whatever the server shows of what was written, and whenever, a scan gives what is stored.
    #[test]
    fn scans_show_what_is_stored(steps in vec(step(), 1..40)) {
        let (freshness, mut index) = (Freshness::default(), Index::default());
        for step in steps {
            match step {
                Step::Write(writes) => {
                    write(&mut index.stored, writes.clone());
                    freshness.writing().arrived(&changes(&writes));
                }
                Step::Lost(writes) => {
                    let even = writes.into_iter().filter(|(n, _)| n % 2 == 0);
                    write(&mut index.stored, even);
                    drop(freshness.writing());
                }
                Step::Foreign(n, value) => {
                    write(&mut index.stored, [(n, value)]);
                    freshness.disturb();
                }
                Step::Shown(keys) => {
                    for key in keys.into_iter().map(key) {
                        match index.stored.get(&key) {
                            Some(value) => index.shown.insert(key, value.clone()),
                            None => index.shown.remove(&key),
                        };
                    }
                }
                Step::Counted(writes) => {
                    let missing = freshness.missing();
                    index.refresh();
                    write(&mut index.stored, writes.clone());
                    freshness.writing().arrived(&changes(&writes));
                    freshness.refreshed(missing.unwrap_or_default());
                }
                Step::Scan { .. } => {
                    let (range, order) = asked(&step);
                    let expected = entries(&index.stored, &range, order);
                    prop_assert_eq!(index.scan(&freshness, &step), expected);
                }
            }
        }
    }
}
