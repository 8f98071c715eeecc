//! Keys whose bytes run into those of times.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{codec::Raw, prelude::*};

use super::tools::AT;
use crate::{
    Context,
    cases::{
        stages::{ORDERS, Opened, STAGES, ordered},
        timed::{collect, ms},
    },
    waist::key,
};

pub(crate) async fn keys_of_zeros(context: Context) -> Result<()> {
    static RAW: Session<Bytes, Bytes, Raw> = Session::new("raw", ms(10_000)).values(Raw);
    let mut opened = Opened::paged(&context, &RAW, 2).await?;
    let keys = [&b"\0"[..], b"\0\0", b"\0\0\0"];
    let sessions = [AT(0, 0), AT(0, 1), AT(1, 1), AT(0, 256), AT(256, 257)];
    let rows = |name: &[u8]| sessions.map(|at| (at, key(format!("{name:?} {at:?}"))));
    for at in [3, 0, 4, 1, 2] {
        for name in keys {
            let (session, value) = rows(name)[at].clone();
            opened.store.put(&key(name), session, Some(&value)).await?;
        }
    }
    for stage in STAGES {
        let store = opened.at(stage).await?;
        for order in ORDERS {
            for name in keys {
                let found = collect(store.find(&key(name), 0, i64::MAX, order)).await?;
                ensure!(found == ordered(&rows(name), order), "{stage:?} {name:?}: {found:?}");
            }
            let all = collect(store.all(order)).await?;
            let of = |name: &[u8]| rows(name).map(|(at, value)| (key(name), at, value));
            ensure!(all == ordered(&keys.map(of).concat(), order), "{stage:?}: {all:?}");
        }
    }
    Ok(())
}
