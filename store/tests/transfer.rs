//! Moving state: formats to the byte, damage, refusals.
#![cfg(feature = "transfer")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use store::{
    EngineConfig,
    backend::{
        Backend, Changes, Checkpoint, Commit, MapChange, MapId, OwnerId, Put, StoreSpec,
        StoreState, TaskId,
    },
    memory::MemoryBackend,
    prelude::*,
    transfer::{self, Export, Import, MoveOptions, Outcome, Progress, TaskContent},
};

static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

fn quiet(_: Progress<'_>) {}

fn id() -> TaskId {
    TaskId::new("a", 3).unwrap()
}

fn database() -> Database {
    Database::with(Arc::new(MemoryBackend::new()), EngineConfig::default()).unwrap()
}

/// Entries of the example, with an edge of each sort.
const ENTRIES: [(MapId, &[u8], &[u8]); 4] = [
    (MapId::whole(1), b"", b""),
    (MapId::whole(1), b"\0k\xff", b"value"),
    (MapId::segment(2, -1), b"w", b"1"),
    (MapId::segment(2, 4), b"w", b"2"),
];

/// What the checkpoint of the example says.
fn checkpoint() -> Checkpoint {
    let mut windows = StoreSpec::new("w".parse().unwrap(), "window", "string", "json");
    (windows.retention_ms, windows.segment_ms) = (Some(100), Some(50));
    windows.properties = [("size_ms".to_owned(), "10".to_owned())].into();
    let mut windowed = StoreState::new(windows);
    windowed.stream_time = Some(-5);
    windowed.segments = [-1, 4].into();
    windowed.floor = Some(-1);
    windowed.insertions = 7;
    let plain = StoreSpec::new("c".parse().unwrap(), "key_value", "bytes", "raw");
    let mut checkpoint = Checkpoint::default();
    checkpoint.sequence = 1;
    checkpoint.offsets = [("t-0".to_owned(), 42)].into();
    checkpoint.ahead = [("t-0".to_owned(), vec![(50, 60)])].into();
    checkpoint.stores = [(1, StoreState::new(plain)), (2, windowed)].into();
    checkpoint
}

/// A database with a task of this checkpoint and these entries.
async fn made(
    checkpoint: Checkpoint,
    entries: &[(MapId, &'static [u8], &'static [u8])],
) -> Database {
    let backend = MemoryBackend::new();
    let claim = backend.claim(&id(), OwnerId::random(), &[]).await.unwrap();
    let mut changes = Changes::new();
    for (map, key, value) in entries {
        let change = changes.entry(*map).or_insert_with(|| MapChange::Write(Default::default()));
        let MapChange::Write(writes) = change else { unreachable!() };
        writes.insert(Bytes::from_static(key), Some(Put::new(Bytes::from_static(value))));
    }
    claim.writer.commit(&Arc::new(Commit::new(checkpoint, changes))).await.unwrap();
    Database::with(Arc::new(backend), EngineConfig::default()).unwrap()
}

async fn content(database: &Database) -> TaskContent {
    transfer::content(database, &id(), &quiet).await.unwrap()
}

async fn exported(database: &Database) -> Vec<u8> {
    let mut export = Export::new(Vec::new()).unwrap();
    export.task(database, &id(), &quiet).await.unwrap();
    export.finish().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_content_hash_is_golden() {
    let content = content(&made(checkpoint(), &ENTRIES).await).await;
    assert_eq!(content.hash.to_string(), GOLDEN_CONTENT);
    assert_eq!(content.stores["c"].entries, 2);
    assert_eq!(content.bytes(), 12);
}

#[tokio::test]
async fn the_hash_sees_every_change_and_nothing_else() {
    let whole = content(&made(checkpoint(), &ENTRIES).await).await;
    let differ = |entries, change: fn(&mut Checkpoint)| {
        let mut checkpoint = checkpoint();
        change(&mut checkpoint);
        async move { content(&made(checkpoint, entries).await).await }
    };
    type Entries = [(MapId, &'static [u8], &'static [u8])];
    let byte: &Entries = &[ENTRIES[0], ENTRIES[1], ENTRIES[2], (ENTRIES[3].0, b"w", b"3")];
    let key: &Entries = &[ENTRIES[0], ENTRIES[1], ENTRIES[2], (ENTRIES[3].0, b"v", b"2")];
    let boundary: &Entries =
        &[ENTRIES[0], (ENTRIES[1].0, b"\0k\xffv", b"alue"), ENTRIES[2], ENTRIES[3]];
    let moved: &Entries =
        &[ENTRIES[0], ENTRIES[1], ENTRIES[3], (MapId::segment(2, -1), b"w", b"2")];
    for (entries, said) in [
        (byte, "store w differs"),
        (key, "store w differs"),
        (boundary, "store c differs"),
        (&ENTRIES[..3], "store w has 2 entries here and 1 there"),
        (moved, "store w differs"),
    ] {
        let other = differ(entries, |_| {}).await;
        assert_ne!(whole.hash, other.hash, "{said}");
        assert_eq!(whole.differences(&other), [said]);
    }
    let changes: [fn(&mut Checkpoint); 8] = [
        |c| *c.offsets.get_mut("t-0").unwrap() += 1,
        |c| c.ahead.clear(),
        |c| c.stores.get_mut(&2).unwrap().stream_time = None,
        |c| c.stores.get_mut(&2).unwrap().floor = Some(-2),
        |c| c.stores.get_mut(&2).unwrap().insertions += 1,
        |c| c.stores.get_mut(&1).unwrap().spec.value_codec = "json".to_owned(),
        |c| c.stores.get_mut(&2).unwrap().spec.retention_ms = Some(101),
        |c| c.stores.get_mut(&2).unwrap().segments.retain(|segment| *segment != 4),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert_ne!(whole.hash, differ(&ENTRIES, change).await.hash, "change {number}");
    }
    // An empty map and the numbers of commits say nothing about content.
    let same = differ(&ENTRIES, |c| c.stores.get_mut(&2).unwrap().segments.extend([9])).await;
    assert_eq!(whole, same);
}

#[tokio::test]
async fn an_export_is_golden_and_comes_back() {
    let source = made(checkpoint(), &ENTRIES).await;
    let stream = exported(&source).await;
    assert_eq!(hex(&stream), GOLDEN_EXPORT.replace(['\n', ' '], ""));
    let target = database();
    let mut import = Import::new(&stream[..]).unwrap();
    let moved = import.task(&target, &MoveOptions::default(), &quiet).await.unwrap().unwrap();
    assert_eq!((moved.written, moved.outcome), (4, Outcome::Moved));
    assert_eq!(import.task(&target, &MoveOptions::default(), &quiet).await.unwrap(), None);
    assert_eq!(content(&target).await, content(&source).await);
    let (a, b) = (source.read("a", 3).await.unwrap(), target.read("a", 3).await.unwrap());
    let (a, mut b) = (a.checkpoint().await.unwrap(), b.checkpoint().await.unwrap());
    b.sequence = a.sequence;
    assert_eq!(a, b, "all of the checkpoint but its number comes along");
    // Once more, and in other pieces.
    let mut options = MoveOptions::default();
    options.batch_entries = 1;
    let again = Import::new(&stream[..]).unwrap().task(&target, &options, &quiet).await.unwrap();
    assert_eq!(again.unwrap().outcome, Outcome::AlreadyThere);
}

#[tokio::test]
async fn every_damage_of_an_export_is_noticed_and_loses_nothing() {
    let stream = exported(&made(checkpoint(), &ENTRIES).await).await;
    let mut streams: Vec<_> = (0..stream.len()).map(|end| stream[..end].to_vec()).collect();
    for place in 0..stream.len() {
        let mut damaged = stream.clone();
        damaged[place] ^= 0x40;
        streams.push(damaged);
    }
    streams.push([&stream[..], b"x"].concat());
    for damaged in streams {
        assert!(Import::new(&damaged[..]).and_then(Import::inspect).is_err());
        let target = database();
        let Ok(mut import) = Import::new(&damaged[..]) else { continue };
        let options = MoveOptions::default();
        let first = import.task(&target, &options, &quiet).await;
        // With an undamaged task the end is damaged, and the next call says so.
        if first.is_ok() {
            assert!(import.task(&target, &options, &quiet).await.is_err());
            continue;
        }
        let opened = target.task("a", 3).open().await;
        let whole = target.read("a", 3).await;
        let unfinished = match &whole {
            Ok(task) => task.checkpoint().await.unwrap().unfinished.is_some(),
            Err(_) => false,
        };
        assert!(!unfinished || opened.unwrap_err().kind() == ErrorKind::Locked);
        // The undamaged one still goes in, behind what is there.
        let mut import = Import::new(&stream[..]).unwrap();
        if unfinished {
            import.task(&target, &options, &quiet).await.unwrap();
            assert_eq!(content(&target).await.entries(), 4);
        }
    }
}

#[tokio::test]
async fn other_streams_and_versions_are_refused() {
    let kind = |bytes: &[u8]| Import::new(bytes).unwrap_err().kind();
    assert_eq!(kind(b"{\"json\":1}\n and more"), ErrorKind::InvalidArgument);
    assert_eq!(kind(b"\x89STORE\r\n\0\0\0\x02"), ErrorKind::SchemaMismatch);
    assert_eq!(kind(b"\x89STORE\r\n\0\0"), ErrorKind::Corrupt);
    assert_eq!(kind(b""), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn a_target_with_other_state_is_refused_or_replaced() {
    let (source, target) = (made(checkpoint(), &ENTRIES).await, database());
    let task = target.task("a", 3).store(&COUNTS).open().await.unwrap();
    task.store(&COUNTS).unwrap().put(&"k".to_owned(), &1).await.unwrap();
    task.commit([("t", 1)]).await.unwrap();
    let mut options = MoveOptions::default();
    let error = transfer::copy(&source, &target, &id(), &options, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("task a/3 already, at commit 1"), "{error}");
    options.replace = true;
    let moved = transfer::copy(&source, &target, &id(), &options, &quiet).await.unwrap();
    assert_eq!((moved.written, moved.outcome), (4, Outcome::Moved));
    assert_eq!(content(&source).await, content(&target).await);
    let moved = transfer::copy(&source, &target, &id(), &options, &quiet).await.unwrap();
    assert_eq!((moved.written, moved.outcome), (0, Outcome::AlreadyThere));
    // The program that had it is fenced.
    assert_eq!(task.commit([("t", 2)]).await.unwrap_err().kind(), ErrorKind::Fenced);
}

#[tokio::test]
async fn one_place_as_both_sides_loses_nothing() {
    let source = made(checkpoint(), &ENTRIES).await;
    let before = content(&source).await;
    let mut options = MoveOptions::default();
    options.replace = true;
    let error = transfer::copy(&source, &source, &id(), &options, &quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced);
    assert_eq!(content(&source).await, before);
}

#[tokio::test]
async fn a_program_that_runs_is_fenced_and_one_that_comes_is_noticed() {
    let (source, target) = (database(), database());
    let running = source.task("a", 3).store(&COUNTS).open().await.unwrap();
    let counts = running.store(&COUNTS).unwrap();
    for number in 0..100 {
        counts.put(&format!("{number:03}"), &number).await.unwrap();
    }
    running.commit([("t", 1)]).await.unwrap();
    counts.put(&"000".to_owned(), &7).await.unwrap();
    transfer::copy(&source, &target, &id(), &MoveOptions::default(), &quiet).await.unwrap();
    assert_eq!(running.commit([("t", 2)]).await.unwrap_err().kind(), ErrorKind::Fenced);

    // A program that claims the source while it is read.
    let other = database();
    let rival = Mutex::new(None);
    let (runtime, place) = (tokio::runtime::Handle::current(), source.clone());
    let report = |progress: Progress<'_>| {
        if progress.entries > 0 && rival.lock().unwrap().is_none() {
            let place = place.clone();
            let opened = std::thread::scope(|scope| {
                let open = || runtime.block_on(place.task("a", 3).store(&COUNTS).open());
                scope.spawn(open).join().unwrap()
            });
            *rival.lock().unwrap() = Some(opened.unwrap());
        }
    };
    let error = transfer::copy(&source, &other, &id(), &MoveOptions::default(), &report).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Fenced);
    // The target is no task yet, whatever asks.
    assert_eq!(other.task("a", 3).open().await.unwrap_err().kind(), ErrorKind::Locked);
    let task = other.read("a", 3).await.unwrap();
    assert_eq!(task.store(&COUNTS).await.unwrap_err().kind(), ErrorKind::Locked);
    let read = transfer::content(&other, &id(), &quiet).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Locked);
    // Once more it goes on, and copies nothing again.
    let moved =
        transfer::copy(&source, &other, &id(), &MoveOptions::default(), &quiet).await.unwrap();
    assert_eq!((moved.written, moved.outcome), (0, Outcome::Resumed));
}

const GOLDEN_CONTENT: &str = "f693760d251fe258dac9010c8960a9cbc29af0bf66d163a3407d0b58728a6b05";
const GOLDEN_EXPORT: &str = "
    8953544f52450d0a0000000101000001a80000000161000000037b226c61796f7574223a312c2273657175656e636522
    3a312c226f666673657473223a7b22742d30223a34327d2c226168656164223a7b22742d30223a5b5b35302c36305d5d
    7d2c2273746f726573223a7b2231223a7b2273706563223a7b226e616d65223a2263222c226b696e64223a226b65795f
    76616c7565222c226b65795f636f646563223a226279746573222c2276616c75655f636f646563223a22726177222c22
    6c61796f7574223a317d2c22696e73657274696f6e73223a307d2c2232223a7b2273706563223a7b226e616d65223a22
    77222c226b696e64223a2277696e646f77222c226b65795f636f646563223a22737472696e67222c2276616c75655f63
    6f646563223a226a736f6e222c226c61796f7574223a312c22726574656e74696f6e5f6d73223a3130302c227365676d
    656e745f6d73223a35302c2270726f70657274696573223a7b2273697a655f6d73223a223130227d7d2c227374726561
    6d5f74696d65223a2d352c227365676d656e7473223a5b2d312c345d2c22666c6f6f72223a2d312c22696e7365727469
    6f6e73223a377d7d7d16b4117985c328af5e2d428e793837c90200000025000000010000000000000000000000000000
    00000000000003006bff0000000576616c7565d282f8508bc4b5e473bcd6e0e68d437302000000170000000201ffffff
    ffffffffff00000001770000000131a71c20812ebb38a7b66077f3e8b4ba940200000017000000020100000000000000
    04000000017700000001321d9db27b8e1bebdc25f656ccbd907a8c03000000280000000000000004f693760d251fe258
    dac9010c8960a9cbc29af0bf66d163a3407d0b58728a6b0532d21f50d8fe7c9a72d9afa4195ae5da0400000004000000
    017ddf61a6fc61e3fc3aee7733d849249b
";
