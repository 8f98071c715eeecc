//! Window stores; a row is a key, the start of its window and a value.

use bytes::Bytes;
use store::{
    Result, Window,
    backend::StoreSpec,
    codec::Raw,
    stores::{
        Kind as _,
        window::{WindowKind, WindowStore, Windowed},
    },
};

use super::{
    super::{
        Value,
        members::Members,
        operation::{Holds, Member, Operation},
    },
    Kind, Setting, Store,
    listing::Page,
    setting::timed,
};
use crate::names;

pub(super) const KIND: Kind = Kind {
    name: names::WINDOW,
    settings: &[Setting::SIZE, Setting::RETENTION, Setting::DUPLICATES, Setting::SEGMENT],
    spec,
    open: |maps| Store::Window(WindowKind::open(maps, Raw)),
    operations: &[OPERATIONS],
};

/// What can be done with a window store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Put,
    Get,
    Fetch,
    FetchKeys,
    FetchAll,
    All,
}

operation_of!(Window, &["KEY", "START", "VALUE"]);

const STORE: Member = Member::STORE;
const KEY: Member = Member::KEY;
const START: Member = Member::time("start");
const FROM: Member = Member::time("from");
const TO: Member = Member::time("to");
const FROM_KEY: Member = Member::optional("from_key", Holds::Bytes);
const TO_KEY: Member = Member::optional("to_key", Holds::Bytes);
const REVERSE: Member = Member::REVERSE;
const LIMIT: Member = Member::LIMIT;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "window_put",
        Action::Put,
        &[STORE, KEY, Member::VALUE, START],
        "set the value of a key in a window; null deletes it",
    ),
    operation("window_get", Action::Get, &[STORE, KEY, START], "show the value of a window")
        .reading(),
    operation(
        "window_fetch",
        Action::Fetch,
        &[STORE, KEY, FROM, TO, REVERSE, LIMIT],
        "list windows of a key by their start, both ends inclusive",
    ),
    operation(
        "window_fetch_keys",
        Action::FetchKeys,
        &[STORE, FROM, TO, FROM_KEY, TO_KEY, REVERSE, LIMIT],
        "list windows of a range of keys by their start",
    ),
    operation(
        "window_fetch_all",
        Action::FetchAll,
        &[STORE, FROM, TO, REVERSE, LIMIT],
        "list windows of all keys by their start",
    ),
    operation("window_all", Action::All, &[STORE, REVERSE, LIMIT], "list all windows"),
];

fn spec(name: String, members: &mut Members) -> Result<StoreSpec> {
    let (size, retention) = (members.duration("size_ms")?, members.duration("retention_ms")?);
    let mut window = Window::new("", size, retention);
    if members.flag("retain_duplicates")? {
        window = window.duplicates();
    }
    timed(window, name, members)
}

/// Runs an operation on a store.
pub(super) async fn run(
    action: Action,
    store: &dyn WindowStore<Bytes, Bytes>,
    mut members: Members,
) -> Result<Value> {
    match action {
        Action::Put => {
            let (key, value) = (members.bytes("key")?, members.nullable_bytes("value")?);
            // A late record is no error: it is counted and answered as any other.
            store.put(&key, members.time("start")?, value.as_ref()).await?;
            Ok(Value::Null)
        }
        Action::Get => {
            let key = members.bytes("key")?;
            Ok(Value::or_null(store.get(&key, members.time("start")?).await?))
        }
        Action::Fetch => {
            let key = members.bytes("key")?;
            let (from, to) = (members.time("from")?, members.time("to")?);
            let page = Page::take(&mut members)?;
            let row = |(start, value)| row(key.clone(), start, value);
            page.rows(store.fetch(&key, from, to, page.order), row).await
        }
        Action::FetchKeys | Action::FetchAll | Action::All => {
            let (from, to) = match action {
                Action::All => (i64::MIN, i64::MAX),
                _ => (members.time("from")?, members.time("to")?),
            };
            // Only `window_fetch_keys` has these.
            let (from_key, to_key) = (members.bound("from_key")?, members.bound("to_key")?);
            let page = Page::take(&mut members)?;
            let rows = store.fetch_keys(from_key, to_key, from, to, page.order);
            page.rows(rows, |(Windowed { key, start, .. }, value)| row(key, start, value)).await
        }
    }
}

fn row(key: Bytes, start: i64, value: Bytes) -> Value {
    Value::Row(vec![key.into(), start.into(), value.into()])
}
