//! Keys and prefixes that have no bytes: what a null key is elsewhere.

use anyhow::{Result, ensure};
use bytes::Bytes;
use store_core::{codec::KeyPrefix, prelude::*};

use super::tools::{Life, TEXTS, refused, rows, texts};
use crate::{Context, cases::unencodable::Perhaps};

/// A beginning that has no bytes.
struct Never;

impl KeyPrefix<String> for Never {
    fn prefix_bytes(&self) -> store_core::Result<Bytes> {
        Err(Error::new(ErrorKind::Encode, "it has no bytes"))
    }
}

pub(crate) static PERHAPS: KeyValue<Perhaps, String> = KeyValue::new("perhaps");

fn entry() -> (Perhaps, String) {
    (Perhaps(Some(1)), "kept".to_owned())
}

pub(crate) async fn writes_without_a_key(context: Context) -> Result<()> {
    let life = Life::with(&context, &PERHAPS, [entry()]).await?;
    let (store, new) = (&life.store, "new".to_owned());
    refused(store.put(&Perhaps(None), &new).await, ErrorKind::Encode)?;
    refused(store.put_if_absent(&Perhaps(None), &new).await, ErrorKind::Encode)?;
    let mut called = false;
    let update = |_| {
        called = true;
        Some(new)
    };
    refused(store.update(&Perhaps(None), update).await, ErrorKind::Encode)?;
    ensure!(!called, "the closure was called");
    life.holds(&[entry()]).await
}

pub(crate) async fn a_delete_without_a_key(context: Context) -> Result<()> {
    let life = Life::with(&context, &PERHAPS, [entry()]).await?;
    refused(life.store.delete(&Perhaps(None)).await, ErrorKind::Encode)?;
    life.task.commit(()).await?;
    refused(life.store.delete(&Perhaps(None)).await, ErrorKind::Encode)?;
    life.holds(&[entry()]).await
}

pub(crate) async fn reads_without_a_key(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &PERHAPS, [entry()]).await?;
    while let Some(view) = life.next().await? {
        refused(view.get(&Perhaps(None)).await, ErrorKind::Encode)?;
        refused(view.get_many(&[entry().0, Perhaps(None)]).await, ErrorKind::Encode)?;
        for ends in [(Some(Perhaps(None)), None), (None, Some(Perhaps(None)))] {
            let Err(error) = rows(view.range(ends.0, ends.1, Order::Forward)).await else {
                anyhow::bail!("a range with such an end was scanned")
            };
            let kind = error.downcast_ref::<Error>().map(Error::kind);
            ensure!(kind == Some(ErrorKind::Encode), "{error}");
        }
    }
    Ok(())
}

pub(crate) async fn a_scan_without_a_prefix(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["a"])).await?;
    while let Some(view) = life.next().await? {
        for order in [Order::Forward, Order::Backward] {
            refused(view.prefix(&Never, order), ErrorKind::Encode)?;
        }
    }
    Ok(())
}
