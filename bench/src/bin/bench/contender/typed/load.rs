//! Fills the typed stores.

use anyhow::Result;
use store::prelude::*;

use super::Typed;
use crate::data::{Data, VERSIONS, WINDOW_STEP_MS, WINDOWS, key, tag};

/// Writes of one commit.
const COMMIT: u64 = 10_000;

impl Typed {
    pub(super) async fn load_entries(&self, data: &Data) -> Result<()> {
        for n in 0..data.keys {
            self.entries.put(&key(n), &data.value(n, 0)).await?;
            self.commit_after(n).await?;
        }
        self.task.commit(()).await?;
        Ok(())
    }

    pub(super) async fn load_timed(&self, data: &Data) -> Result<()> {
        for n in 0..data.window_keys() * WINDOWS {
            let start = (n % WINDOWS).cast_signed() * WINDOW_STEP_MS;
            self.windows.put(&key(n / WINDOWS), start, Some(&data.value(n, 0))).await?;
            self.commit_after(n).await?;
        }
        for n in 0..data.session_keys() {
            self.sessions.put(&key(n), SessionWindow::new(0, 0), Some(&data.value(n, 0))).await?;
            self.commit_after(n).await?;
        }
        for time in VERSIONS {
            for n in 0..data.versioned_keys() {
                let value = data.value(n, time.unsigned_abs());
                self.versions.put(&key(n), Some(&value), time).await?;
                self.commit_after(n).await?;
            }
        }
        self.task.commit(()).await?;
        Ok(())
    }

    async fn commit_after(&self, n: u64) -> Result<()> {
        if n % COMMIT == COMMIT - 1 {
            self.task.commit(()).await?;
        }
        Ok(())
    }
}

/// The tag of a value that is there.
pub(super) fn tag_of(value: Option<&bytes::Bytes>) -> u64 {
    value.map_or(0, |value| crate::data::read(value).0)
}

/// The number of a value that is there.
pub(super) fn number_of(value: Option<&bytes::Bytes>) -> u64 {
    value.map_or(0, |value| crate::data::read(value).1)
}

/// A value with the number after that of the old one.
pub(super) fn next(data: &Data, n: u64, old: Option<&bytes::Bytes>) -> bytes::Bytes {
    debug_assert!(old.is_none() || tag_of(old) == tag(n));
    data.value(n, number_of(old) + 1)
}
