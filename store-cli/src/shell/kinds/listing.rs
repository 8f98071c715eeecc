//! Which rows of a listing are wanted.

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use store::{Order, Result};

use super::super::{Value, members::Members};

/// The direction and the length of a listing.
pub(super) struct Page {
    pub(super) order: Order,
    limit: usize,
}

impl Page {
    /// Takes `reverse` and `limit`.
    pub(super) fn take(members: &mut Members) -> Result<Self> {
        let order = if members.flag("reverse")? { Order::Backward } else { Order::Forward };
        Ok(Self { order, limit: members.limit("limit")?.unwrap_or(usize::MAX) })
    }

    /// The rows of a stream.
    pub(super) async fn rows<T>(
        &self,
        stream: BoxStream<'static, Result<T>>,
        row: impl Fn(T) -> Value,
    ) -> Result<Value> {
        stream.take(self.limit).map_ok(row).try_collect().await.map(Value::List)
    }
}
