//! How the writes of a commit travel and are staged: MessagePack, which the server's scripts can read.
//!
//! Bytes are written as texts are: the scripts' reader is older than MessagePack's type for bytes.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Changes, Commit, MapChange, MapId, Put},
};

use crate::{RedisConfig, layout::map_name};

/// What a chunk does to one map.
#[derive(Debug, Default, Deserialize)]
struct Change {
    /// Which of the commit's maps, from 0.
    map: usize,
    /// Keys and values in turn.
    puts: Vec<Bytes>,
    deletes: Vec<Bytes>,
    dropped: bool,
}

/// A commit cut into what one script applies.
#[derive(Debug)]
pub(crate) struct Chunks {
    pub(crate) maps: Vec<MapId>,
    /// At least one.
    pub(crate) encoded: Vec<Vec<u8>>,
}

impl Chunks {
    pub(crate) fn of(commit: &Commit, config: &RedisConfig) -> Self {
        let mut cut = Cut { limit: (config.chunk_entries, config.chunk_bytes), ..Cut::default() };
        let mut maps = Vec::new();
        for (map, (id, change)) in commit.changes().iter().enumerate() {
            maps.push(*id);
            match change {
                MapChange::Drop => cut.change(map, 0).dropped = true,
                MapChange::Write(writes) => {
                    writes.iter().for_each(|(key, put)| cut.write(map, key, put.as_ref()));
                }
            }
        }
        cut.end();
        Self { maps, encoded: cut.encoded }
    }

    /// The names of the maps as a log keeps them.
    pub(crate) fn names(&self) -> String {
        self.maps.iter().map(|map| map_name(*map)).collect::<Vec<_>>().join(",")
    }
}

#[derive(Default)]
struct Cut {
    limit: (usize, usize),
    current: Vec<Change>,
    entries: usize,
    bytes: usize,
    encoded: Vec<Vec<u8>>,
}

impl Cut {
    /// Where a change of so many bytes belongs.
    fn change(&mut self, map: usize, bytes: usize) -> &mut Change {
        if self.entries > 0 && (self.entries >= self.limit.0 || self.bytes + bytes > self.limit.1) {
            self.end();
        }
        self.entries += 1;
        self.bytes += bytes;
        if self.current.last().is_none_or(|change| change.map != map) {
            self.current.push(Change { map, ..Change::default() });
        }
        let last = self.current.len() - 1;
        &mut self.current[last]
    }

    fn write(&mut self, map: usize, key: &Bytes, put: Option<&Put>) {
        let change = self.change(map, key.len() + put.map_or(0, |put| put.value.len()));
        match put {
            Some(put) => change.puts.extend([key.clone(), put.value.clone()]),
            None => change.deletes.push(key.clone()),
        }
    }

    fn end(&mut self) {
        self.encoded.push(encode(&self.current));
        self.current.clear();
        (self.entries, self.bytes) = (0, 0);
    }
}

fn encode(changes: &[Change]) -> Vec<u8> {
    let mut out = Vec::new();
    list(&mut out, changes.len());
    for Change { map, puts, deletes, dropped } in changes {
        list(&mut out, 4);
        head(&mut out, *map, (0, 0x80), [0xcd, 0xce]);
        for texts in [puts, deletes] {
            list(&mut out, texts.len());
            for text in texts {
                head(&mut out, text.len(), (0xa0, 32), [0xda, 0xdb]);
                out.extend_from_slice(text);
            }
        }
        out.push(if *dropped { 0xc3 } else { 0xc2 });
    }
    out
}

fn list(out: &mut Vec<u8>, length: usize) {
    head(out, length, (0x90, 16), [0xdc, 0xdd]);
}

/// A number: with its mark in one byte where it is below the limit, else in two or four bytes behind a mark.
fn head(out: &mut Vec<u8>, number: usize, (mark, limit): (u8, u8), [two, four]: [u8; 2]) {
    match (u8::try_from(number), u16::try_from(number)) {
        (Ok(small), _) if small < limit => out.push(mark | small),
        (_, Ok(number)) => {
            out.push(two);
            out.extend(number.to_be_bytes());
        }
        _ => {
            out.push(four);
            // Invariant: a commit's memory is bounded far below four billion bytes, and so are its parts.
            out.extend(u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
}

/// Adds the writes of a stored chunk; `names` are those of the log. `Corrupt` for what is not one.
pub(crate) fn add(changes: &mut Changes, maps: &[MapId], chunk: &[u8]) -> Result<()> {
    let damaged = || {
        let message = "a staged commit is damaged: restore the state from a copy, or destroy the task and rebuild it";
        Error::new(ErrorKind::Corrupt, message)
    };
    let decoded: Vec<Change> = rmp_serde::from_slice(chunk).map_err(|_says_values| damaged())?;
    for Change { map, puts, deletes, dropped } in decoded {
        let map = *maps.get(map).filter(|_| puts.len() % 2 == 0).ok_or_else(damaged)?;
        if dropped {
            changes.insert(map, MapChange::Drop);
            continue;
        }
        let change = changes.entry(map).or_insert_with(|| MapChange::Write(BTreeMap::new()));
        let MapChange::Write(writes) = change else { return Err(damaged()) };
        let mut puts = puts.into_iter();
        while let (Some(key), Some(value)) = (puts.next(), puts.next()) {
            writes.insert(key, Some(Put::new(value)));
        }
        writes.extend(deletes.into_iter().map(|key| (key, None)));
    }
    Ok(())
}

/// The maps that a log names. `None` for a name that is none.
pub(crate) fn maps(names: &str) -> Option<Vec<MapId>> {
    let map = |name: &str| {
        Some(match name.split_once('.') {
            Some((store, segment)) => MapId::segment(store.parse().ok()?, segment.parse().ok()?),
            None => MapId::whole(name.parse().ok()?),
        })
    };
    names.split(',').filter(|name| !name.is_empty()).map(map).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use store_core::backend::{Changes, Checkpoint, Commit, MapChange, MapId, Put};

    use super::{Chunks, add, maps};
    use crate::RedisConfig;

    fn commit() -> Commit {
        let key = |text: &'static str| Bytes::from_static(text.as_bytes());
        let put = |text| Some(Put::new(key(text)));
        let changes = [
            (
                MapId::whole(1),
                MapChange::Write(
                    [(key(""), put("")), (key("a"), put("x")), (key("b"), None)].into(),
                ),
            ),
            (MapId::segment(2, -7), MapChange::Drop),
            (MapId::segment(2, 8), MapChange::Write([(key("c"), put("long"))].into())),
        ];
        Commit::new(Checkpoint::default(), changes.into())
    }

    fn cut(entries: usize, bytes: usize) -> Chunks {
        let mut config = RedisConfig::default();
        (config.chunk_entries, config.chunk_bytes) = (entries, bytes);
        Chunks::of(&commit(), &config)
    }

    #[test]
    fn golden_bytes() {
        let chunks = cut(10, 100);
        assert_eq!(chunks.names(), "1,2.-7,2.8");
        let golden = b"\x93\x94\x00\x94\xa0\xa0\xa1a\xa1x\x91\xa1b\xc2\x94\x01\x90\x90\xc3\x94\x02\x92\xa1c\xa4long\x90\xc2";
        assert_eq!(chunks.encoded, [golden]);
    }

    #[test]
    fn chunks_are_cut_at_each_limit_and_come_together_again() {
        for (entries, bytes, count) in
            [(10, 100, 1), (1, 100, 5), (2, 100, 3), (10, 1, 4), (10, 3, 2)]
        {
            let chunks = cut(entries, bytes);
            assert_eq!(chunks.encoded.len(), count, "{entries} entries, {bytes} bytes");
            let mut changes = Changes::new();
            let maps = maps(&chunks.names()).unwrap();
            assert_eq!(maps, chunks.maps);
            for chunk in &chunks.encoded {
                add(&mut changes, &maps, chunk).unwrap();
            }
            assert_eq!(changes, *commit().changes());
        }
        let empty = Chunks::of(
            &Commit::new(Checkpoint::default(), Changes::new()),
            &RedisConfig::default(),
        );
        assert_eq!(empty.encoded, [[0x90]]);
        assert_eq!(maps(&empty.names()).unwrap(), []);
    }

    #[test]
    fn every_length_comes_back() {
        for length in [0, 31, 32, 255, 256, 65_535, 65_536] {
            // No text, so that bytes stay bytes.
            let entries = (0..length.clamp(1, 300)).map(|n| {
                vec![0xff, u8::try_from(n % 251).unwrap(), u8::try_from(n / 251).unwrap()]
            });
            let writes = entries.map(|key| (key.into(), Some(Put::new(vec![0xfe; length].into()))));
            let changes =
                Changes::from([(MapId::whole(1), MapChange::Write(writes.take(200).collect()))]);
            let commit = Commit::new(Checkpoint::default(), changes);
            let config = RedisConfig { chunk_bytes: usize::MAX, ..RedisConfig::default() };
            let chunks = Chunks::of(&commit, &config);
            let mut found = Changes::new();
            add(&mut found, &chunks.maps, &chunks.encoded[0]).unwrap();
            assert!(found == *commit.changes(), "{length}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let good = cut(10, 100).encoded.remove(0);
        for bytes in [&good[..5], b"", b"\x01"] {
            assert!(add(&mut Changes::new(), &[MapId::whole(1); 3], bytes).is_err());
        }
        assert!(
            add(&mut Changes::new(), &[MapId::whole(1)], &good).is_err(),
            "a map that is not named"
        );
        let key_without_value = b"\x91\x94\x00\x91\xa1a\x90\xc2";
        assert!(add(&mut Changes::new(), &[MapId::whole(1)], key_without_value).is_err());
        assert_eq!(maps("1,x"), None);
    }
}
