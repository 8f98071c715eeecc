//! State at each place where it can be when it is read.

use std::sync::Arc;

use anyhow::Result;
use store_core::{EngineConfig, ReadDefinition, prelude::*};

use crate::Context;

/// Where what was written is when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Where the case left it, the last writes in the buffers of the task.
    Buffered,
    /// Committed, and read by the task that wrote it.
    Committed,
    /// Committed, and claimed again on a new handle.
    Reopened,
    /// Committed, and read by somebody who does not own it.
    Shared,
}

/// All stages, to be gone through in this order.
pub(crate) const STAGES: [Stage; 4] =
    [Stage::Buffered, Stage::Committed, Stage::Reopened, Stage::Shared];

/// Both orders.
pub(crate) const ORDERS: [Order; 2] = [Order::Forward, Order::Backward];

/// Rows in the order of a scan, given those of a forward one.
pub(crate) fn ordered<R: Clone>(rows: &[R], order: Order) -> Vec<R> {
    match order {
        Order::Forward => rows.to_vec(),
        Order::Backward => rows.iter().rev().cloned().collect(),
    }
}

/// A claimed task with one store.
pub(crate) struct Opened<'a, D: StoreDefinition> {
    context: &'a Context,
    definition: &'a D,
    config: EngineConfig,
    pub(crate) task: Task,
    pub(crate) store: D::Store,
}

impl<'a, D: StoreDefinition<Store: Send + Sync> + Sync> Opened<'a, D> {
    pub(crate) async fn new(context: &'a Context, definition: &'a D) -> Result<Self> {
        Self::with(context, definition, context.config()).await
    }

    /// With pages of so many entries, so that scans are cut.
    pub(crate) async fn paged(
        context: &'a Context,
        definition: &'a D,
        entries: usize,
    ) -> Result<Self> {
        let mut config = context.config();
        config.page_entries = entries;
        Self::with(context, definition, config).await
    }

    pub(crate) async fn with(
        context: &'a Context,
        definition: &'a D,
        config: EngineConfig,
    ) -> Result<Self> {
        let database = context.database_with(config.clone()).await?;
        let task = database.task("app", 0).store(definition).open().await?;
        let store = task.store(definition)?;
        Ok(Self { context, definition, config, task, store })
    }

    pub(crate) async fn commit(&self) -> Result<()> {
        Ok(self.task.commit(()).await?)
    }

    /// Claims the task again on a new handle; what is uncommitted is lost.
    pub(crate) async fn reopen(&mut self) -> Result<()> {
        *self = Self::with(self.context, self.definition, self.config.clone()).await?;
        Ok(())
    }

    /// Brings what was written to a stage, and gives the reads there.
    pub(crate) async fn at(&mut self, stage: Stage) -> Result<D::Reader>
    where
        D: ReadDefinition<Store: Reads<D::Reader>, Reader: Send>,
    {
        match stage {
            Stage::Buffered => {}
            Stage::Committed => self.commit().await?,
            Stage::Reopened => self.reopen().await?,
            Stage::Shared => return self.shared().await,
        }
        Ok(self.store.reads())
    }

    /// The reads of somebody who does not own the task.
    pub(crate) async fn shared(&self) -> Result<D::Reader>
    where
        D: ReadDefinition<Reader: Send>,
    {
        let database = self.context.database_with(self.config.clone()).await?;
        Ok(database.read("app", 0).await?.store(self.definition).await?)
    }
}

/// A store that is also its read half.
pub(crate) trait Reads<R> {
    fn reads(&self) -> R;
}

macro_rules! reads {
    ($($store:ident as $reader:ident),*) => {
        $(impl<K, V> Reads<Arc<dyn $reader<K, V>>> for Arc<dyn $store<K, V>>
        where
            K: Send + Sync + 'static,
            V: Send + Sync + 'static,
        {
            fn reads(&self) -> Arc<dyn $reader<K, V>> {
                self.clone()
            }
        })*
    };
}

reads!(
    SessionStore as ReadOnlySessionStore,
    VersionedKeyValueStore as ReadOnlyVersionedKeyValueStore,
    WindowStore as ReadOnlyWindowStore
);
