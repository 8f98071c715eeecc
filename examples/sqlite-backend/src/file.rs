//! The open file: one connection that writes, one that reads beside it.

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use store_core::{Effect, Error, ErrorKind, Result};

use crate::{
    SqliteConfig,
    error::{Stop, sqlite},
    layout::prepare,
};

/// An open file. Whatever is asked of it runs on a blocking thread, in one transaction.
pub(crate) struct File {
    writing: Mutex<Connection>,
    reading: Mutex<Connection>,
}

impl File {
    /// Opens a file, making it where it is not there.
    pub(crate) async fn open(path: &Path, config: SqliteConfig) -> Result<Arc<Self>> {
        let (path, doing) = (path.to_owned(), format!("open {}", path.display()));
        blocking(move || {
            let opened = connect(&path, &config, &doing);
            opened.map_err(|stop| stop.while_doing(&doing))
        })
        .await
    }

    /// Answers from one moment: from one whole commit.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        doing: String,
        look: impl FnOnce(&Transaction<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<T> {
        let file = self.clone();
        blocking(move || {
            let mut connection = lock(&file.reading);
            let transaction = connection.transaction().map_err(Stop::from);
            let answer = transaction.and_then(|transaction| look(&transaction));
            answer.map_err(|stop| stop.while_doing(&doing))
        })
        .await
    }

    /// Makes all of a change, or nothing; one after the other, whatever process they come from.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        doing: String,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, Stop> + Send + 'static,
    ) -> Result<T> {
        let file = self.clone();
        blocking(move || write(&mut lock(&file.writing), &doing, change)).await
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").finish_non_exhaustive()
    }
}

fn connect(path: &Path, config: &SqliteConfig, doing: &str) -> Result<Arc<File>, Stop> {
    let connection = || -> Result<Connection, Stop> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_millis(config.timeout_ms))?;
        Ok(connection)
    };
    let mut writing = connection()?;
    // First, so that a file that is not ours stays as it is.
    write(&mut writing, doing, prepare)?;
    // Readers and the writer do not wait for each other; a commit is acknowledged when the disk has it.
    writing.pragma_update(None, "journal_mode", "wal")?;
    writing.pragma_update(None, "synchronous", "full")?;
    Ok(Arc::new(File { writing: writing.into(), reading: connection()?.into() }))
}

fn write<T>(
    connection: &mut Connection,
    doing: &str,
    change: impl FnOnce(&Transaction<'_>) -> Result<T, Stop>,
) -> Result<T> {
    // Immediate: from here on nobody else writes, so what is checked stays true until the commit.
    let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let changed = begun.map_err(Stop::from).and_then(|begun| Ok((change(&begun)?, begun)));
    let (answer, transaction) = changed.map_err(|stop| stop.while_doing(doing))?;
    // Only here nobody knows: the disk may have taken it before it failed.
    let unknown = |error| sqlite(doing, error).with_effect(Effect::Unknown);
    transaction.commit().map_err(unknown)?;
    Ok(answer)
}

/// A panic while the lock was held rolled its transaction back.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs work that waits for the disk on a blocking thread. Dropping the future lets it run to its end.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else {
        let message = "sqlite: needs a tokio runtime: call it from inside one";
        return Err(Error::new(ErrorKind::Config, message));
    };
    runtime.spawn_blocking(work).await.unwrap_or_else(|panic| {
        let error = Error::new(ErrorKind::Corrupt, "sqlite: the work panicked: report it");
        Err(error.with_source(panic).with_effect(Effect::Unknown))
    })
}
