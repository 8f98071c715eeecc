//! A key-value store through its life: buffered, committed, read by others, owned anew.

use std::{fmt::Debug, ops::Deref, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use futures::stream::BoxStream;
use store_core::{
    codec::{Codec, Json, Key},
    prelude::*,
};

use crate::Context;
pub(crate) use crate::cases::tools::{RAW, bytes, rows};

/// Texts by numbers.
pub(crate) static NUMBERS: KeyValue<u32, String> = KeyValue::new("numbers");

/// Texts by texts.
pub(crate) static TEXTS: KeyValue<String, String> = KeyValue::new("texts");

pub(crate) type Rows<K, V> = BoxStream<'static, store_core::Result<(K, V)>>;

/// The entries of [`NUMBERS`] that cases put.
pub(crate) fn numbers(keys: impl IntoIterator<Item = u32>) -> Vec<(u32, String)> {
    keys.into_iter().map(|n| (n, format!("value {n}"))).collect()
}

/// The entries of [`TEXTS`] that cases put.
pub(crate) fn texts<S: AsRef<str>>(keys: impl IntoIterator<Item = S>) -> Vec<(String, String)> {
    let entry = |key: S| (key.as_ref().to_owned(), format!("the value of {}", key.as_ref()));
    keys.into_iter().map(entry).collect()
}

/// Entries as [`KeyValueStore::put_all`] takes them.
pub(crate) fn puts<K, V>(entries: impl IntoIterator<Item = (K, V)>) -> Vec<(K, Option<V>)> {
    entries.into_iter().map(|(key, value)| (key, Some(value))).collect()
}

/// What was found is what was expected.
pub(crate) fn same<T: PartialEq + Debug>(found: &T, expected: &T) -> Result<()> {
    let shown = |value: &T| format!("{value:?}").chars().take(1000).collect::<String>();
    ensure!(found == expected, "found {}, expected {}", shown(found), shown(expected));
    Ok(())
}

/// An operation that must fail in this way.
pub(crate) fn refused<T>(result: store_core::Result<T>, kind: ErrorKind) -> Result<Error> {
    let Err(error) = result else { anyhow::bail!("done instead of {kind}") };
    ensure!(error.kind() == kind, "{} instead of {kind}: {error}", error.kind());
    Ok(error)
}

/// A key-value store through its life; [`next`](Self::next) takes it from stage to stage.
pub(crate) struct Life<'a, K, V, C = Json> {
    context: &'a Context,
    definition: &'a KeyValue<K, V, C>,
    pub(crate) task: Task,
    pub(crate) store: Arc<dyn KeyValueStore<K, V>>,
    passed: usize,
}

impl<'a, K, V, C> Life<'a, K, V, C>
where
    K: Key + Clone + PartialEq + Debug,
    V: Clone + PartialEq + Debug + Send + Sync + 'static,
    C: Codec<V>,
{
    /// Opens the store, in the first task of a new handle.
    pub(crate) async fn begin(
        context: &'a Context,
        definition: &'a KeyValue<K, V, C>,
    ) -> Result<Self> {
        let task = context.task().await?.store(definition).open().await?;
        let store = task.store(definition)?;
        Ok(Self { context, definition, task, store, passed: 0 })
    }

    /// As [`begin`](Self::begin), with these entries put.
    pub(crate) async fn with(
        context: &'a Context,
        definition: &'a KeyValue<K, V, C>,
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let life = Self::begin(context, definition).await?;
        for (key, value) in entries {
            life.store.put(&key, &value).await?;
        }
        Ok(life)
    }

    /// The store at the next stage: as it is buffered, once committed, to a reader, to the next owner.
    pub(crate) async fn next(&mut self) -> Result<Option<View<K, V>>> {
        let (stage, store): (_, Arc<dyn ReadOnlyKeyValueStore<K, V>>) = match self.passed {
            0 => ("buffered", self.store.clone()),
            1 => {
                self.task.commit(()).await?;
                ("committed", self.store.clone())
            }
            2 => ("read", self.context.read().await?.store(self.definition).await?),
            3 => {
                self.task = self.context.task().await?.store(self.definition).open().await?;
                self.store = self.task.store(self.definition)?;
                ("owned anew", self.store.clone())
            }
            _ => return Ok(None),
        };
        self.passed += 1;
        Ok(Some(View { stage, store }))
    }

    /// Whether the store holds exactly these entries, at each stage.
    pub(crate) async fn holds(mut self, expected: &[(K, V)]) -> Result<()> {
        while let Some(view) = self.next().await? {
            view.holds(expected).await?;
        }
        Ok(())
    }
}

/// A store as somebody sees it.
pub(crate) struct View<K, V> {
    /// What became of its entries.
    pub(crate) stage: &'static str,
    store: Arc<dyn ReadOnlyKeyValueStore<K, V>>,
}

impl<K, V> View<K, V>
where
    K: Key + Clone + PartialEq + Debug,
    V: Clone + PartialEq + Debug + Send + Sync + 'static,
{
    /// A store as its owner sees it.
    pub(crate) fn new(stage: &'static str, store: Arc<dyn KeyValueStore<K, V>>) -> Self {
        Self { stage, store }
    }

    /// Whether these entries are there and no others: by scans both ways, and by key.
    pub(crate) async fn holds(&self, expected: &[(K, V)]) -> Result<()> {
        self.gives(self.all(), expected).await?;
        let mirrored: Vec<_> = expected.iter().rev().cloned().collect();
        self.gives(self.range(None, None, Order::Backward), &mirrored).await?;
        for (key, value) in expected {
            same(&self.get(key).await?, &Some(value.clone())).context(self.stage)?;
        }
        Ok(())
    }

    /// Whether a scan gives exactly these entries, in this order.
    pub(crate) async fn gives(&self, scan: Rows<K, V>, expected: &[(K, V)]) -> Result<()> {
        let found = rows(scan).await.context(self.stage)?;
        same(&&found[..], &expected).context(self.stage)
    }
}

impl<K: 'static, V: 'static> Deref for View<K, V> {
    type Target = dyn ReadOnlyKeyValueStore<K, V>;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
