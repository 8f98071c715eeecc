//! What can go wrong between an engine and its backend.

mod cut_off;
mod door;
mod odds;
mod script;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::{cut_off::CutOff, odds::Odds};
use self::{door::Doors, odds::Draws, script::Script};
use super::{Answer, Call, CallKind, Layer, turns::take_turns};
use crate::{Effect, Error, ErrorKind, Result};

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It works.
    None,
    /// It does not happen, and that is known: `Throttled`.
    Refused,
    /// It does not happen, and nobody learns: `Timeout`.
    LostRequest,
    /// It happens, and nobody learns: `Timeout`. An error that the backend answers gets through.
    LostReply,
    /// Nobody learns, and it happens when [`Faults::deliver`] says so, or never. For commits; other calls lose their request.
    Late,
}

/// A line on which calls are refused, lost, late, delayed or held: by script, or by a seed.
///
/// One of these is the line of one process. A cheap clone; clones are the same line. `claim`, `read`, `tasks` and `destroy`
/// go over it as all others do.
///
/// ```
/// # tokio_test::block_on(async {
/// use std::sync::Arc;
///
/// use store_core::{
///     Effect, layers::{CallKind, Fault, Faults}, memory::MemoryBackend, prelude::*,
/// };
///
/// let line = Faults::none();
/// let database = Database::with(Arc::new(MemoryBackend::new()), Default::default())?;
/// let task = database.layer(line.clone()).task("app", 0).open().await?;
/// line.on(&[CallKind::Commit], [Fault::LostReply]);
/// assert_eq!(task.commit(()).await.unwrap_err().effect(), Effect::Unknown);
/// task.commit(()).await?;
/// assert_eq!(task.checkpoint()?.sequence, 1);
/// # store_core::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    script: Mutex<Script>,
    draws: Option<Mutex<Draws>>,
    doors: Doors,
}

impl Faults {
    /// A line on which nothing happens but what is asked for.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A line on which calls meet faults at random. The same calls in the same order meet the same faults.
    #[must_use]
    pub fn seeded(seed: u64, odds: Odds) -> Self {
        let draws = Some(Mutex::new(Draws::new(seed, odds)));
        Self(Arc::new(Line { draws, ..Line::default() }))
    }

    /// What the next calls of these kinds meet, in order; those after them what the odds say, else nothing.
    pub fn on(&self, kinds: &[CallKind], faults: impl IntoIterator<Item = Fault>) {
        self.script().extend(kinds, faults);
    }

    /// What the next commits meet.
    pub fn commits(&self, faults: impl IntoIterator<Item = Fault>) {
        self.on(&[CallKind::Commit], faults);
    }

    /// What the next applies meet.
    pub fn applies(&self, faults: impl IntoIterator<Item = Fault>) {
        self.on(&[CallKind::Apply], faults);
    }

    /// What the next reads of keys and pages meet.
    pub fn reads(&self, faults: impl IntoIterator<Item = Fault>) {
        self.on(&CallKind::READS, faults);
    }

    /// Forgets the faults that were asked for and not met yet, and counts calls and faults anew.
    pub fn clear(&self) {
        self.script().clear();
    }

    /// Holds calls of these kinds before they are sent, until [`release`](Self::release).
    pub fn hold(&self, kinds: &[CallKind]) {
        self.0.doors.before.close(kinds);
    }

    /// Holds the answers to calls of these kinds, as they were when they were asked for, until [`release`](Self::release).
    pub fn hold_answers(&self, kinds: &[CallKind]) {
        self.0.doors.after.close(kinds);
    }

    /// Lets go what is held, and what is to come.
    pub fn release(&self) {
        self.0.doors.before.open();
        self.0.doors.after.open();
    }

    /// Returns once a call is held.
    pub async fn held(&self) {
        self.0.doors.held().await;
    }

    /// Lets the [late](Fault::Late) commits arrive, in order; gives what became of each.
    pub async fn deliver(&self) -> Vec<Result<()>> {
        let late = self.script().take_late();
        let mut answers = Vec::new();
        for (writer, commit) in late {
            answers.push(writer.commit(&commit).await);
        }
        answers
    }

    /// How many calls of this kind came so far, those included that were sent again.
    #[must_use]
    pub fn calls(&self, kind: CallKind) -> u64 {
        self.script().calls(kind)
    }

    /// How many faults were met so far.
    #[must_use]
    pub fn met(&self) -> u64 {
        self.script().met
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        lock(&self.0.script)
    }

    /// What the call meets, and for how many turns it is delayed before and after.
    fn fate(&self, call: &Call<'_>) -> (Fault, [u32; 2]) {
        let drawn = self.0.draws.as_ref().map(|draws| lock(draws).next());
        let (drawn, turns) = drawn.unwrap_or((Fault::None, [0; 2]));
        let mut script = self.script();
        let fault = script.next(call.kind()).unwrap_or(drawn);
        if let (Fault::Late, Call::Commit { commit, below }) = (fault, call) {
            script.late.push(((*below).clone(), (*commit).clone()));
        }
        script.met += u64::from(fault != Fault::None);
        (fault, turns)
    }
}

impl Layer for Faults {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        let kind = call.kind();
        self.script().count(kind);
        self.0.doors.before.pass(kind).await;
        let (fault, [before, after]) = self.fate(&call);
        take_turns(before).await;
        let answer = match fault {
            Fault::None => send().await,
            Fault::Refused => Err(refused(kind)),
            Fault::LostReply => send().await.and_then(|_| Err(lost(kind))),
            Fault::LostRequest | Fault::Late => Err(lost(kind)),
        };
        take_turns(after).await;
        self.0.doors.after.pass(kind).await;
        answer
    }
}

fn refused(kind: CallKind) -> Error {
    let message = format!("an injected fault: {} is refused", kind.name());
    Error::new(ErrorKind::Throttled, message).with_effect(Effect::NotApplied)
}

fn lost(kind: CallKind) -> Error {
    Error::new(ErrorKind::Timeout, format!("an injected fault: no answer to {}", kind.name()))
}

/// A panic while the lock was held leaves lists and numbers that are whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
