//! Keys in their order.

use anyhow::Result;
use store_core::prelude::*;

use crate::{
    Context,
    cases::key_value::tools::{Life, RAW, bytes, puts, same},
};

pub(crate) async fn around_the_highest_bit(context: Context) -> Result<()> {
    let keys: [&[u8]; 8] =
        [b"a", b"a\x7e\xff", b"a\x7f", b"a\x7f\0", b"a\x7f\xff", b"a\x80", b"a\x80\0", b"a\x81"];
    let entries = keys.map(|key| (bytes(key), bytes(key)));
    Life::with(&context, &RAW, entries.iter().rev().cloned()).await?.holds(&entries).await?;
    // Numbers as keys order as they count, also across zero.
    static SIGNED: KeyValue<i16, i16> = KeyValue::new("signed");
    let numbers = [i16::MIN, -256, -128, -1, 0, 1, 127, 128, 255, i16::MAX].map(|n| (n, n));
    Life::with(&context, &SIGNED, numbers.iter().rev().copied()).await?.holds(&numbers).await
}

pub(crate) async fn after_a_long_common_prefix(context: Context) -> Result<()> {
    let common = [b'p'; 200];
    let key = |n: u32| bytes([&common[..], &n.to_be_bytes()].concat());
    let entries: Vec<_> = (0..10_000).map(|n| (key(n), bytes(n.to_string()))).collect();
    let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
    let values: Vec<_> = entries.iter().map(|(_, value)| Some(value.clone())).collect();
    let mut life = Life::begin(&context, &RAW).await?;
    life.store.put_all(puts(entries.clone())).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.prefix(&common, Order::Forward)?, &entries).await?;
        same(&view.get_many(&keys).await?, &values)?;
    }
    Ok(())
}
