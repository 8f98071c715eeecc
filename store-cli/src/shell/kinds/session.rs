//! Session stores; a row is a key, the start and the end of its session and a value.

use bytes::Bytes;
use store::{
    Result, Session,
    backend::StoreSpec,
    codec::Raw,
    stores::{
        Kind as _,
        session::{SessionKind, SessionStore, SessionWindow},
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
    name: names::SESSION,
    settings: &[Setting::RETENTION, Setting::SEGMENT],
    spec,
    open: |maps| Store::Session(SessionKind::open(maps, Raw)),
    operations: &[OPERATIONS],
};

/// What can be done with a session store.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Put,
    Remove,
    Get,
    Find,
    FindKeys,
}

operation_of!(Session, &["KEY", "START", "END", "VALUE"]);

const STORE: Member = Member::STORE;
const KEY: Member = Member::KEY;
const START: Member = Member::time("start");
const END: Member = Member::time("end");
const EARLIEST_END: Member = Member::time("earliest_end");
const LATEST_START: Member = Member::time("latest_start");
const FROM_KEY: Member = Member::optional("from_key", Holds::Bytes);
const TO_KEY: Member = Member::optional("to_key", Holds::Bytes);
const REVERSE: Member = Member::REVERSE;
const LIMIT: Member = Member::LIMIT;

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "session_put",
        Action::Put,
        &[STORE, KEY, START, END, Member::VALUE],
        "set the value of a session; null deletes it",
    ),
    operation("session_remove", Action::Remove, &[STORE, KEY, START, END], "delete a session"),
    operation("session_get", Action::Get, &[STORE, KEY, START, END], "show the value of a session")
        .reading(),
    operation(
        "session_find",
        Action::Find,
        &[STORE, KEY, EARLIEST_END, LATEST_START, REVERSE, LIMIT],
        "list sessions of a key that end and start by these times",
    ),
    operation(
        "session_find_keys",
        Action::FindKeys,
        &[STORE, EARLIEST_END, LATEST_START, FROM_KEY, TO_KEY, REVERSE, LIMIT],
        "list such sessions of a range of keys",
    ),
];

fn spec(name: String, members: &mut Members) -> Result<StoreSpec> {
    timed(Session::new("", members.duration("retention_ms")?), name, members)
}

/// Runs an operation on a store.
pub(super) async fn run(
    action: Action,
    store: &dyn SessionStore<Bytes, Bytes>,
    mut members: Members,
) -> Result<Value> {
    match action {
        Action::Put => {
            let (key, session) = one(&mut members)?;
            let value = members.nullable_bytes("value")?;
            // A late record is no error: it is counted and answered as any other.
            store.put(&key, session, value.as_ref()).await?;
            Ok(Value::Null)
        }
        Action::Remove => {
            let (key, session) = one(&mut members)?;
            store.remove(&key, session).await.map(|()| Value::Null)
        }
        Action::Get => {
            let (key, session) = one(&mut members)?;
            Ok(Value::or_null(store.get(&key, session).await?))
        }
        Action::Find => {
            let key = members.bytes("key")?;
            let (end, start) = (members.time("earliest_end")?, members.time("latest_start")?);
            let page = Page::take(&mut members)?;
            let row = |(session, value)| row(key.clone(), session, value);
            page.rows(store.find(&key, end, start, page.order), row).await
        }
        Action::FindKeys => {
            let (end, start) = (members.time("earliest_end")?, members.time("latest_start")?);
            let (from_key, to_key) = (members.bound("from_key")?, members.bound("to_key")?);
            let page = Page::take(&mut members)?;
            let rows = store.find_keys(from_key, to_key, end, start, page.order);
            page.rows(rows, |(key, session, value)| row(key, session, value)).await
        }
    }
}

/// Takes what names a session.
fn one(members: &mut Members) -> Result<(Bytes, SessionWindow)> {
    let key = members.bytes("key")?;
    Ok((key, SessionWindow::new(members.time("start")?, members.time("end")?)))
}

fn row(key: Bytes, SessionWindow { start, end }: SessionWindow, value: Bytes) -> Value {
    Value::Row(vec![key.into(), start.into(), end.into(), value.into()])
}
