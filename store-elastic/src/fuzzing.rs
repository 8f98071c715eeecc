//! Decoders that are not public, for fuzzing.

use std::{cmp::Ordering, ops::Bound};

use bytes::Bytes;
use serde_json::Value;
use store_core::{
    Effect,
    backend::{KeyRange, MapId},
    redo::Meta,
    search::Query,
};

use crate::{
    error::Refusal,
    layout::{
        MAX_END_BYTES, MAX_ID_BYTES, MAX_KEY_BYTES, id, key, map, range, read_bytes, read_key,
    },
    record::Record,
    search::place,
};

/// Feeds bytes as what a server answers: a record, an error, and where a search goes on; as keys in their stored form; and
/// as a range of keys with two keys that are to be in it or not.
pub fn answers(bytes: &[u8]) {
    let (Some((way, rest)), false) = (bytes.split_first(), bytes.len() > 4 * MAX_KEY_BYTES) else {
        return;
    };
    match way % 4 {
        0 => record(rest),
        1 => refusal(rest),
        2 => texts(rest),
        _ => keys(rest),
    }
}

fn record(bytes: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Record>(bytes) else { return };
    let Ok(meta) = record.read() else { return };
    assert_eq!(Meta::decode(&meta.encode()).ok(), Some(meta), "a record comes back the same");
}

fn refusal(bytes: &[u8]) {
    let refusal = Refusal::read(bytes);
    for status in [400, 403, 404, 409, 413, 429, 500, 503] {
        let error = refusal.error(status, "write");
        assert_eq!(error.effect() == Effect::Unknown, status >= 500, "{error:?}");
    }
    let query = Query::all().descending("a");
    let after = Bytes::copy_from_slice(bytes);
    if let Ok(Some(place)) = place(&query, Some(&after)) {
        assert!(place.len() == 2 && place[1].is_string());
    }
}

fn texts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(raw) = read_key(text) {
        assert_eq!(key(&raw), text, "each key has one form");
    }
    let _ = read_bytes(text);
}

/// Two keys order as their forms do, have ids of their own, and lie in a range as the index has it where they lie in it.
fn keys(bytes: &[u8]) {
    let mut input = bytes.splitn(4, |byte| *byte == 0x0a).map(|part| {
        // Some are longer than any key, which ends of ranges may be.
        let long = part.first().is_some_and(|first| *first == 0xfe);
        let more = if long { MAX_KEY_BYTES } else { 0 };
        part.iter().copied().chain(std::iter::repeat_n(7, more)).collect::<Bytes>()
    });
    let mut next = || input.next().unwrap_or_default();
    let bound = |end: Bytes| match end.first().map(|first| first % 3) {
        None => Bound::Unbounded,
        Some(0) => Bound::Excluded(end),
        Some(_) => Bound::Included(end),
    };
    let [one, other] = [next(), next()].map(|key| key.slice(..key.len().min(MAX_KEY_BYTES)));
    let ends = KeyRange::new(bound(next()), bound(next()));
    let texts = [&one, &other].map(|raw| key(raw));
    assert_eq!(texts[0].cmp(&texts[1]), one.cmp(&other), "forms order as keys do");
    let map = map(7, MapId::segment(3, -1));
    let [first, second] =
        [(&one, &texts[0]), (&other, &texts[1])].map(|(raw, text)| id("app/0", &map, raw, text));
    assert!(first.len() <= MAX_ID_BYTES && second.len() <= MAX_ID_BYTES);
    assert_eq!(first == second, one == other, "each key has an id of its own");
    let stored = range(&ends);
    let exact = [&ends.start, &ends.end].into_iter().all(|end| match end {
        Bound::Unbounded => true,
        Bound::Included(end) | Bound::Excluded(end) => end.len() <= MAX_END_BYTES,
    });
    for (raw, text) in [&one, &other].into_iter().zip(&texts) {
        let within = stored.iter().all(|(operator, end)| meets(text, operator, end));
        let contained = ends.contains(raw);
        assert!(within || !contained, "{ends:?}, {} bytes", raw.len());
        assert!(contained == within || !exact, "{ends:?}, {} bytes", raw.len());
    }
}

/// What the index makes of one end.
fn meets(text: &str, operator: &str, end: &Value) -> bool {
    let end = end.as_str().expect("ends are texts");
    assert!(end.len() <= 901, "the server takes no longer one");
    match (operator, text.cmp(end)) {
        ("gte" | "lte", Ordering::Equal) | ("gt" | "gte", Ordering::Greater) => true,
        (operator, order) => operator.starts_with('l') && order == Ordering::Less,
    }
}
