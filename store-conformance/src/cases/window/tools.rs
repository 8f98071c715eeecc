//! The rows that many cases read.

use std::fmt::Debug;

use anyhow::{Result, ensure};
use futures::{TryStreamExt, stream::BoxStream};
use store_core::prelude::*;

use crate::{
    Context,
    cases::{stages::Opened, timed::ms},
};

/// Windows of 3 ms, kept for 2 minutes in segments of one.
pub(super) static WINDOWS: Window<u32, u32> =
    Window::new("windows", ms(3), ms(RETENTION.unsigned_abs()));
pub(super) const RETENTION: i64 = 120_000;

/// Just before the second segment begins.
pub(super) const S: i64 = 59_996;

/// A key, the start of its window, its value.
pub(super) type Row<K = u32, V = u32> = (K, i64, V);

/// One row for each key, named by the key, on both sides of the edge.
pub(super) const A: [Row; 6] =
    [(0, S, 0), (1, S + 1, 1), (2, S + 2, 2), (3, S + 2, 3), (4, S + 4, 4), (5, S + 5, 5)];

/// Later windows of key 2.
pub(super) const B: [Row; 6] = [
    (2, S + 3, 21),
    (2, S + 4, 22),
    (2, S + 5, 23),
    (2, S + 6, 24),
    (2, S + 7, 25),
    (2, S + 8, 26),
];

/// A task with these rows in its buffers.
pub(super) async fn filled<'a>(
    context: &'a Context,
    rows: &[Row],
) -> Result<Opened<'a, Window<u32, u32>>> {
    let opened = Opened::new(context, &WINDOWS).await?;
    put(&*opened.store, rows).await?;
    Ok(opened)
}

pub(super) async fn put<K, V>(store: &dyn WindowStore<K, V>, rows: &[Row<K, V>]) -> Result<()>
where
    K: Debug + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    for (key, start, value) in rows {
        let written = store.put(key, *start, Some(value)).await?;
        ensure!(written == Written::Stored, "{key:?} at {start}: {written:?}");
    }
    Ok(())
}

type Found<T> = BoxStream<'static, store_core::Result<T>>;

/// The rows of several keys.
pub(super) async fn rows<K: Send, V: Send>(
    found: Found<(Windowed<K>, V)>,
) -> Result<Vec<Row<K, V>>> {
    let row = |(window, value): (Windowed<K>, V)| (window.key, window.start, value);
    Ok(found.map_ok(row).try_collect().await?)
}
