//! Bytes as they are stored, and bytes as they were stored by an earlier release.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store_core::{
    Task,
    backend::{Changes, Checkpoint, Commit, MapId, OwnerId},
    codec::Raw,
    prelude::*,
};

use crate::{
    Context,
    cases::key_value::tools::{View, bytes, same},
    waist::{self, Model, puts, task},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    name: String,
    age: Option<u8>,
    tags: Vec<String>,
}

static PEOPLE: KeyValue<String, Person> = KeyValue::new("people");
static PAIRS: KeyValue<(String, i16), Bytes, Raw> = KeyValue::new("pairs").values(Raw);
static TIMES: TimestampedKeyValue<u32, f64> = TimestampedKeyValue::new("times");

fn person() -> Person {
    let name = "Z\u{fc}le \"Z\"".to_owned();
    Person { name, age: None, tags: vec!["a".to_owned(), String::new()] }
}

/// The entries of each store, as the first release stores them.
const ENTRIES: [(&str, &[u8], &[u8]); 3] = [
    (
        "people",
        b"k\0\xc3\xbc",
        b"{\"name\":\"Z\xc3\xbcle \\\"Z\\\"\",\"age\":null,\"tags\":[\"a\",\"\"]}",
    ),
    ("pairs", b"a\0\xffb\0\0\x7f\xfe", b"\0\xff"),
    ("times", b"\0\0\x01\x02", b"\x7f\xff\xff\xff\xff\xff\xff\xfb-0.1"),
];

/// The checkpoint of the first commit, as the first release stores it.
const CHECKPOINT: &str = concat!(
    r#"{"layout":1,"sequence":1,"offsets":{"s":7},"stores":{"#,
    r#""1":{"spec":{"name":"people","kind":"key_value","key_codec":"string","value_codec":"json","layout":1},"#,
    r#""insertions":0},"#,
    r#""2":{"spec":{"name":"pairs","kind":"key_value","key_codec":"(string,i16)","value_codec":"raw","layout":1},"#,
    r#""insertions":0},"#,
    r#""3":{"spec":{"name":"times","kind":"timestamped_key_value","key_codec":"u32","value_codec":"json","#,
    r#""layout":1},"insertions":0}}}"#
);

async fn open(context: &Context) -> Result<Task> {
    let task = context.task().await?.store(&PEOPLE).store(&PAIRS).store(&TIMES);
    Ok(task.open().await?)
}

pub(crate) async fn literal_bytes(context: Context) -> Result<()> {
    let owner = open(&context).await?;
    owner.store(&PEOPLE)?.put(&"k\0\u{fc}".to_owned(), &person()).await?;
    owner.store(&PAIRS)?.put(&("a\0b".to_owned(), -2), &bytes([0, 0xff])).await?;
    owner.store(&TIMES)?.put(&258, &Timestamped::new(-0.1, -5)).await?;
    owner.commit([("s", 7)]).await?;
    let reader = context.backend().await?.read(&task(0)).await?;
    let checkpoint = reader.checkpoint().await?;
    same(&std::str::from_utf8(&checkpoint.encode())?, &CHECKPOINT)?;
    for (name, key, value) in ENTRIES {
        let (number, _) = checkpoint.store(name).context("the store is not recorded")?;
        let found = waist::all(&*reader, MapId::whole(number)).await?;
        same(&found, &[(bytes(key), bytes(value))].into())?;
    }
    Ok(())
}

pub(crate) async fn an_earlier_release(context: Context) -> Result<()> {
    let claim = context.backend().await?.claim(&task(0), OwnerId::random(), &[]).await?;
    let checkpoint = Checkpoint::decode(CHECKPOINT.as_bytes())?;
    let mut changes = Changes::new();
    for (name, key, value) in ENTRIES {
        let (number, _) = checkpoint.store(name).context("the store is not recorded")?;
        let entry: Model = [(bytes(key), bytes(value))].into();
        changes.extend(puts(MapId::whole(number), &entry));
    }
    claim.writer.commit(&Arc::new(Commit::new(checkpoint, changes))).await?;
    claim.writer.apply().await?;
    let owner = open(&context).await?;
    View::new("people", owner.store(&PEOPLE)?).holds(&[("k\0\u{fc}".to_owned(), person())]).await?;
    let pair = (("a\0b".to_owned(), -2), bytes([0, 0xff]));
    View::new("pairs", owner.store(&PAIRS)?).holds(&[pair]).await?;
    same(&owner.store(&TIMES)?.get(&258).await?, &Some(Timestamped::new(-0.1, -5)))?;
    same(&owner.checkpoint()?.offsets, &[("s".to_owned(), 7)].into())
}
