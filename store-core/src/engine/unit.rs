//! Units: one source record, processed whole or not at all.

use std::sync::Arc;

use tokio::sync::OwnedRwLockReadGuard;

use super::{
    Engine,
    offsets::{Span, check_source},
    state::Condition,
};
use crate::{Error, ErrorKind, Result};

/// The processing of one source record; a commit holds all of it or nothing.
///
/// Finish it when every write of the record was made. Dropped unfinished, it makes the task demand a rollback, because
/// some of the record's writes may have been made.
///
/// A commit and a rollback wait for open units, and hold back new ones until they have theirs: while holding a unit, await
/// neither, and do not begin a second one. A rollback also throws away units that were finished and not committed: go
/// back to the offsets of the [checkpoint](crate::Task::checkpoint). Ask [`wants_commit`](crate::Task::wants_commit)
/// before beginning a unit, because inside one `BufferFull` leaves only dropping it.
#[derive(Debug)]
#[must_use = "a unit that is dropped unfinished makes the task demand a rollback"]
pub struct Unit {
    engine: Arc<Engine>,
    source: String,
    span: Span,
    finished: bool,
    _open: OwnedRwLockReadGuard<()>,
}

impl Engine {
    /// Opens a unit; `None` where the record has been processed already.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        source: String,
        span: Span,
    ) -> Result<Option<Unit>> {
        check_source(&source)?;
        let open = self.units.clone().read_owned().await;
        let mut state = self.state.lock();
        state.check(&self.task)?;
        self.check_whole(state.condition)?;
        if span.is_done(&state.working, &source)? {
            return Ok(None);
        }
        if state.open_units.iter().any(|(other, at)| *other == source && at.overlaps(&span)) {
            let message = format!("a unit of source {source:?} is open at the same position");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        state.open_units.push((source.clone(), span.clone()));
        drop(state);
        Ok(Some(Unit { engine: self.clone(), source, span, finished: false, _open: open }))
    }

    /// `InvalidArgument` after a unit was dropped unfinished.
    pub(super) fn check_whole(&self, condition: Condition) -> Result<()> {
        if condition == Condition::Torn {
            let message = format!(
                "a unit of task {} was dropped unfinished, so its record may be half written: roll back",
                self.task
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        Ok(())
    }
}

impl Unit {
    /// Says that every write of the record was made: the next commit includes it and its position.
    pub fn finish(mut self) -> Result<()> {
        let mut state = self.engine.state.lock();
        state.check(&self.engine.task)?;
        self.finished = true;
        self.span.clone().finish(&mut state.working, &self.source);
        Ok(())
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let mut state = self.engine.state.lock();
        let at = state.open_units.iter().position(|(s, at)| *s == self.source && *at == self.span);
        if let Some(at) = at {
            state.open_units.swap_remove(at);
        }
        if !self.finished && state.condition == Condition::Open {
            state.condition = Condition::Torn;
        }
    }
}
