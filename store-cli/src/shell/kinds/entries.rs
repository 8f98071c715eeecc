//! What key-value stores and timestamped ones can both do: a row is a key and a value, and a time where there is one.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, future::ready};
use store::{Order, Result, stores::key_value::KeyValueStore};

use super::{
    super::{
        Value,
        members::Members,
        operation::{Holds, Member, Operation},
    },
    listing::Page,
};

/// What can be done with entries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Delete,
    Range,
    Prefix,
    Count,
}

operation_of!(Entries, &[]);

/// Of a row; without a time in key-value stores.
const COLUMNS: &[&str] = &["KEY", "VALUE", "TIME"];

pub(super) const OPERATIONS: &[Operation] = &[
    operation(
        "delete",
        Action::Delete,
        &[Member::STORE, Member::KEY],
        "delete a key and show its old value",
    )
    .reading()
    .columns(&["VALUE", "TIME"]),
    operation(
        "range",
        Action::Range,
        &[
            Member::STORE,
            Member::optional("from", Holds::Bytes),
            Member::optional("to", Holds::Bytes),
            Member::REVERSE,
            Member::LIMIT,
        ],
        "list entries in key order, both ends inclusive",
    )
    .columns(COLUMNS),
    operation(
        "prefix",
        Action::Prefix,
        &[Member::STORE, Member::new("prefix", Holds::Bytes), Member::REVERSE, Member::LIMIT],
        "list entries whose key starts with a prefix",
    )
    .columns(COLUMNS),
    operation("count", Action::Count, &[Member::STORE], "count entries, by reading them all"),
];

/// Runs an operation on a store.
pub(super) async fn run<V>(
    action: Action,
    store: &dyn KeyValueStore<Bytes, V>,
    mut members: Members,
) -> Result<Value>
where
    V: Into<Value> + Send + Sync + 'static,
{
    match action {
        Action::Delete => Ok(Value::or_null(store.delete(&members.bytes("key")?).await?)),
        Action::Range => {
            let (from, to) = (members.bound("from")?, members.bound("to")?);
            let page = Page::take(&mut members)?;
            page.rows(store.range(from, to, page.order), row).await
        }
        Action::Prefix => {
            let prefix = members.bytes("prefix")?;
            let page = Page::take(&mut members)?;
            let end = counted_up(&prefix);
            let range = store.range(Some(prefix), end.clone(), page.order);
            // The end is exclusive. An error is passed on.
            let within = range.try_filter(move |(key, _)| ready(Some(key) != end.as_ref()));
            page.rows(within.boxed(), row).await
        }
        Action::Count => {
            let all = store.range(None, None, Order::Forward);
            let count = all.try_fold(0_u64, async |count, _| Ok(count + 1)).await?;
            Ok(Value::Number(count.into()))
        }
    }
}

fn row<V: Into<Value>>((key, value): (Bytes, V)) -> Value {
    let mut cells = vec![key.into()];
    match value.into() {
        Value::Row(more) => cells.extend(more),
        one => cells.push(one),
    }
    Value::Row(cells)
}

/// Where a prefix scan ends in Kafka Streams, whose recorded answers this protocol gives: the prefix counted up by one as
/// a big-endian number of the same length; none for 0xff bytes only.
///
/// Differs from the end of what begins with the prefix where it ends in 0xff: behind `00ff` comes `0100`, and the key `01`
/// is below that.
fn counted_up(prefix: &Bytes) -> Option<Bytes> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix.to_vec();
    end[last] += 1;
    end[last + 1..].fill(0);
    Some(end.into())
}
