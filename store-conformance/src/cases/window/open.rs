//! What happens while a listing is open, and keys that cannot be asked for.

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use store_core::prelude::*;

use super::tools::{A, Row, S, WINDOWS, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, ordered},
        timed::ms,
        unencodable::Perhaps,
    },
    waist::kind,
};

fn row((window, value): (Windowed<u32>, u32)) -> Row {
    (window.key, window.start, value)
}

pub(crate) async fn a_closed_task_ends_them(context: Context) -> Result<()> {
    for committed in [false, true] {
        let opened = Opened::paged(&context, &WINDOWS, 1).await?;
        put(&*opened.store, &A).await?;
        if committed {
            opened.commit().await?;
        }
        let mut all = opened.store.all(Order::Forward).map_ok(row);
        ensure!(all.try_next().await? == Some(A[0]));
        opened.task.close().await?;
        // What was fetched already may come; then it says so instead of ending early.
        let mut expected = A[1..].iter();
        let error = loop {
            match all.try_next().await {
                Ok(Some(row)) => ensure!(expected.next() == Some(&row), "{row:?}"),
                Ok(None) => anyhow::bail!("it ended as if that were all"),
                Err(error) => break error.kind(),
            }
        };
        ensure!(error == ErrorKind::Closed, "{error:?}");
        let closed = [
            kind(opened.store.get(&0, S).await),
            kind(opened.store.put(&0, S, None).await),
            kind(opened.store.all(Order::Forward).try_next().await),
        ];
        ensure!(closed == [Some(ErrorKind::Closed); 3], "{closed:?}");
    }
    Ok(())
}

pub(crate) async fn later_puts_do_not_disturb_them(context: Context) -> Result<()> {
    for committed in [false, true] {
        let mut opened = Opened::paged(&context, &WINDOWS, 1).await?;
        put(&*opened.store, &A).await?;
        if committed {
            opened.commit().await?;
        }
        let later = [(6, S + 6, 6), (0, S + 7, 7)];
        for order in ORDERS {
            let mut all = opened.store.all(order).map_ok(row);
            let mut found: Vec<Row> = all.try_next().await?.into_iter().collect();
            put(&*opened.store, &later).await?;
            while let Some(row) = all.try_next().await? {
                found.push(row);
            }
            let old: Vec<_> = found.iter().filter(|row| !later.contains(row)).copied().collect();
            let expected = ordered(&A, order);
            ensure!(old == expected, "committed: {committed}, {order:?}: {found:?}");
            ensure!(found.len() <= A.len() + later.len(), "a row twice: {found:?}");
            for (key, start, _) in later {
                opened.store.put(&key, start, None).await?;
            }
        }
        // Somebody else sees what is committed, and nothing of what is not.
        if committed {
            let found = rows(opened.shared().await?.all(Order::Forward)).await?;
            ensure!(found == A, "{found:?}");
        }
        opened.reopen().await?;
    }
    Ok(())
}

pub(crate) async fn a_key_without_bytes_is_refused(context: Context) -> Result<()> {
    static KEYED: Window<Perhaps, u32> = Window::new("keyed", ms(3), ms(100));
    let opened = Opened::new(&context, &KEYED).await?;
    let (some, none) = (Perhaps(Some(1)), Perhaps(None));
    put(&*opened.store, &[(some, 0, 1)]).await?;
    let windows = &opened.store;
    // Neither does it move time, which would end the other row.
    let refused = [
        kind(windows.put(&none, 500, Some(&2)).await),
        kind(windows.get(&none, 0).await),
        kind(windows.fetch(&none, 0, 9, Order::Forward).try_next().await),
        kind(windows.update(&none, 0, |_| Some(2)).await),
    ];
    ensure!(refused == [Some(ErrorKind::Encode); 4], "{refused:?}");
    let found = rows(windows.all(Order::Forward)).await?;
    ensure!(found == [(some, 0, 1)], "{found:?}");
    Ok(())
}
