//! What the models share.

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{TryStreamExt, stream::BoxStream};
use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
};
use store_core::Order;

/// Keys that are prefixes of each other, with the bytes that encodings trip over.
const KEYS: [&[u8]; 8] = [b"", b"\0", b"\0\0", b"\0\xff", b"a", b"a\0", b"aa", b"\xff\xff"];

pub(crate) fn key() -> BoxedStrategy<Bytes> {
    select(&KEYS[..]).prop_map(Bytes::from_static).boxed()
}

pub(crate) fn bound() -> BoxedStrategy<Option<Bytes>> {
    prop_oneof![1 => Just(None), 3 => key().prop_map(Some)].boxed()
}

pub(crate) fn value() -> BoxedStrategy<Bytes> {
    proptest::collection::vec(any::<u8>(), 0..4).prop_map(Bytes::from).boxed()
}

pub(crate) fn maybe_value() -> BoxedStrategy<Option<Bytes>> {
    prop_oneof![1 => Just(None), 4 => value().prop_map(Some)].boxed()
}

pub(crate) fn order() -> BoxedStrategy<Order> {
    prop_oneof![Just(Order::Forward), Just(Order::Backward)].boxed()
}

/// Times that wander ahead and come late, around a retention of 50.
pub(crate) fn time() -> BoxedStrategy<i64> {
    prop_oneof![8 => 0..150_i64, 1 => 150..400_i64].boxed()
}

/// A time that may also be a far end of a search.
pub(crate) fn end() -> BoxedStrategy<i64> {
    prop_oneof![8 => -5..200_i64, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].boxed()
}

/// Whether a key lies between optional ends.
pub(crate) fn between(key: &Bytes, from: Option<&Bytes>, to: Option<&Bytes>) -> bool {
    from.is_none_or(|from| from <= key) && to.is_none_or(|to| key <= to)
}

pub(crate) fn ordered<T>(mut rows: Vec<T>, order: Order) -> Vec<T> {
    if order == Order::Backward {
        rows.reverse();
    }
    rows
}

pub(crate) async fn same_rows<T: PartialEq + std::fmt::Debug>(
    found: BoxStream<'static, store_core::Result<T>>,
    expected: Vec<T>,
) -> Result<()> {
    same(&found.try_collect::<Vec<_>>().await?, &expected)
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<()> {
    ensure!(found == expected, "found {found:?}, expected {expected:?}");
    Ok(())
}
