//! Keys whose bytes run into those of times.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{codec::Raw, prelude::*};

use super::tools::{Row, put, rows};
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
    },
    waist::key,
};

static RAW: Window<Bytes, Bytes, Raw> = Window::new("raw", ms(1000), ms(i64::MAX.unsigned_abs()))
    .segments(ms(i64::MAX.unsigned_abs()))
    .values(Raw);

/// Reads each key alone, and all of them, of rows that lie in one segment.
async fn keys_do_not_meet(context: &Context, keys: &[&[u8]], starts: &[i64]) -> Result<()> {
    let mut opened = Opened::paged(context, &RAW, 3).await?;
    let row = |name: &&[u8], start: i64| (key(name), start, key(format!("{name:?} at {start}")));
    let model: Vec<Row<Bytes, Bytes>> =
        keys.iter().flat_map(|name| starts.iter().map(|start| row(name, *start))).collect();
    let mut put_as: Vec<_> = model.clone();
    put_as.sort_by_key(|(_, start, _)| start.rotate_left(3));
    put(&*opened.store, &put_as).await?;
    for stage in STAGES {
        let windows = opened.at(stage).await?;
        for order in ORDERS {
            for name in keys {
                let mine = model.iter().filter(|(key, ..)| key == name);
                let mine: Vec<_> = mine.map(|(_, start, value)| (*start, value.clone())).collect();
                let found = collect(windows.fetch(&key(name), 0, i64::MAX, order)).await?;
                ensure!(found == ordered(&mine, order), "{stage:?}, {name:?}: {found:?}");
            }
            let (from, to) = (keys.first().map(key), keys.last().map(key));
            let found = rows(windows.fetch_keys(from, to, 0, i64::MAX, order)).await?;
            ensure!(found == ordered(&model, order), "{stage:?}: {found:?}");
        }
    }
    Ok(())
}

pub(crate) async fn keys_of_zeros(context: Context) -> Result<()> {
    keys_do_not_meet(&context, &[b"\0", b"\0\0", b"\0\0\0"], &[0, 1, 9, 256, 257, 65_536]).await
}

pub(crate) async fn keys_that_interleave_with_times(context: Context) -> Result<()> {
    // As plain bytes "a" and a time with a zero in front lies between "a\0" and what follows it.
    let starts = [0, 0x61, 0x6161, 0x6100_0000, 0x0061_0000_0000_0000];
    keys_do_not_meet(&context, &[b"a", b"a\0", b"a00", b"aa"], &starts).await
}
