//! The backend: one directory, shared by everybody in this process who opens it.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, Claim, Name, OwnerId, StoreSpec, TaskId, TaskReader, TaskSummary},
};

use crate::{EmbeddedConfig, error::panicked, reader::Reader, shared::Shared, writer::Writer};

/// Keeps tasks in a directory on local disk. A cheap clone.
///
/// All handles of one directory inside a process share one engine; another process gets `Locked`.
#[derive(Clone, Debug)]
pub struct EmbeddedBackend {
    shared: Arc<Shared>,
}

impl EmbeddedBackend {
    /// Opens a directory, making it where it is not there.
    ///
    /// `Locked` while another process has it, `SchemaMismatch` for state of a newer release, `Corrupt` for damage,
    /// `Config` for a directory that holds something else. The settings of the first handle in the process hold.
    pub async fn open(path: impl AsRef<Path>, config: EmbeddedConfig) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let shared = blocking(move || Shared::open(&path, &config)).await?;
        Ok(Self { shared })
    }
}

/// Runs work that waits for the disk on a blocking thread. Dropping the future lets it run to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        let message = "embedded: needs a tokio runtime: call it from inside one";
        return Err(Error::new(ErrorKind::Config, message));
    };
    let done = runtime.spawn_blocking(work).await;
    done.unwrap_or_else(|panic| Err(panicked().with_source(panic)))
}

#[async_trait]
impl Backend for EmbeddedBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, _stores: &[StoreSpec]) -> Result<Claim> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || {
            let record = shared.claim(&task, owner)?;
            let writer = Writer::new(Reader::of_owner(shared, task), record.fence);
            Ok(Claim::new(Arc::new(writer), record.checkpoint))
        })
        .await
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || {
            let record = shared.existing(&task)?;
            let reader: Arc<dyn TaskReader> =
                Arc::new(Reader::of_anybody(shared, task, record.born));
            Ok(reader)
        })
        .await
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let (shared, application) = (self.shared.clone(), application.clone());
        blocking(move || shared.tasks(&application)).await
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        let (shared, task) = (self.shared.clone(), task.clone());
        blocking(move || shared.destroy(&task)).await
    }
}
