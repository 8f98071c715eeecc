//! How the writes of a commit travel and are staged: MessagePack, which the server's scripts can read.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Changes, Commit, MapChange, MapId, Put},
};

use crate::{RedisConfig, layout::map_name};

/// What a chunk does to one map.
#[derive(Debug, Default, Serialize, Deserialize)]
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
            cut.current.push(Change { map, ..Change::default() });
            match change {
                MapChange::Drop => cut.change().dropped = true,
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
    fn change(&mut self) -> &mut Change {
        if self.current.is_empty() {
            self.current.push(Change::default());
        }
        let last = self.current.len() - 1;
        &mut self.current[last]
    }

    fn write(&mut self, map: usize, key: &Bytes, put: Option<&Put>) {
        let bytes = key.len() + put.map_or(0, |put| put.value.len());
        if self.entries > 0 && (self.entries >= self.limit.0 || self.bytes + bytes > self.limit.1) {
            self.end();
            self.current.push(Change { map, ..Change::default() });
        }
        self.entries += 1;
        self.bytes += bytes;
        let change = self.change();
        match put {
            Some(put) => change.puts.extend([key.clone(), put.value.clone()]),
            None => change.deletes.push(key.clone()),
        }
    }

    fn end(&mut self) {
        // Invariant: lists of numbers and bytes can be encoded, and a vector takes all of them.
        self.encoded.push(rmp_serde::to_vec(&self.current).expect("lists and bytes have a form"));
        self.current.clear();
        (self.entries, self.bytes) = (0, 0);
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
        let map = *maps.get(map).ok_or_else(damaged)?;
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
        let golden = b"\x93\x94\x00\x94\xc4\x00\xc4\x00\xc4\x01a\xc4\x01x\x91\xc4\x01b\xc2\x94\x01\x90\x90\xc3\
                       \x94\x02\x92\xc4\x01c\xc4\x04long\x90\xc2";
        assert_eq!(chunks.encoded, [golden]);
    }

    #[test]
    fn chunks_are_cut_at_each_limit_and_come_together_again() {
        for (entries, bytes, count) in
            [(10, 100, 1), (1, 100, 4), (2, 100, 2), (10, 1, 4), (10, 3, 2)]
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
    fn what_is_no_chunk_is_refused() {
        let good = cut(10, 100).encoded.remove(0);
        for bytes in [&good[..5], b"", b"\x01"] {
            assert!(add(&mut Changes::new(), &[MapId::whole(1); 3], bytes).is_err());
        }
        assert!(
            add(&mut Changes::new(), &[MapId::whole(1)], &good).is_err(),
            "a map that is not named"
        );
        assert_eq!(maps("1,x"), None);
    }
}
