//! Owners, scripted faults and a clock that is set by hand.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;

use crate::{
    Result,
    backend::{
        Backend, Changes, Checkpoint, Claim, Commit, MapChange, MapId, OwnerId, Put, StoreSpec,
        TaskId, TaskReader,
    },
    redo::{
        Clock, RedoConfig,
        toy::{Fault, Faults, Moment, ToyBackend},
    },
};

pub(super) const MAP: MapId = MapId::whole(1);

pub(super) fn task() -> TaskId {
    TaskId::new("app", 0).unwrap()
}

/// Polls until the future is ready; `None` when it waits for ever, as one of a dead process does.
pub(super) fn run<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..10_000 {
        let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(done) = polled {
            return Some(done);
        }
    }
    None
}

/// A fault at one moment, once.
#[derive(Debug)]
pub(super) struct Once(Mutex<Option<(Moment, usize, Fault)>>);

impl Once {
    /// At the first such moment after `skip` others.
    pub(super) fn new(moment: Moment, skip: usize, fault: Fault) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some((moment, skip, fault)))))
    }
}

impl Faults for Once {
    fn next(&self, moment: Moment) -> Fault {
        let mut planned = self.0.lock().unwrap();
        match &mut *planned {
            Some((wanted, skip, _)) if *wanted == moment && *skip > 0 => *skip -= 1,
            Some((wanted, _, fault)) if *wanted == moment => {
                let fault = *fault;
                *planned = None;
                return fault;
            }
            _ => {}
        }
        Fault::None
    }
}

/// A clock that is set by hand, in microseconds.
#[derive(Debug, Default)]
pub(super) struct HandClock {
    pub(super) wall: AtomicI64,
    pub(super) monotonic: AtomicU64,
}

impl HandClock {
    pub(super) fn at(micros: i64) -> Arc<Self> {
        Arc::new(Self { wall: micros.into(), monotonic: 0.into() })
    }
}

impl Clock for HandClock {
    fn wall_micros(&self) -> i64 {
        self.wall.load(Ordering::Relaxed)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.monotonic.load(Ordering::Relaxed))
    }
}

/// A backend whose logs go into chunks of a few bytes, with this clock.
pub(super) fn chunked(toy: &ToyBackend, clock: Arc<HandClock>) -> ToyBackend {
    let config = RedoConfig { inline_bytes: 0, chunk_bytes: 16, clock, ..RedoConfig::default() };
    toy.with_config(config)
}

/// A claimed task, and the checkpoint it is at.
pub(super) struct Owner {
    pub(super) claim: Claim,
    pub(super) checkpoint: Checkpoint,
}

impl Owner {
    pub(super) fn claim(backend: &ToyBackend) -> Self {
        Self::claim_as(backend, OwnerId::random()).unwrap()
    }

    pub(super) fn claim_as(backend: &ToyBackend, owner: OwnerId) -> Result<Self> {
        let claim = run(backend.claim(&task(), owner, &[])).unwrap()?;
        let checkpoint = claim.checkpoint.clone();
        Ok(Self { claim, checkpoint })
    }

    /// The next commit; `edit` may change the checkpoint it leads to.
    pub(super) fn next(&self, changes: Changes, edit: impl FnOnce(&mut Checkpoint)) -> Arc<Commit> {
        let mut checkpoint = self.checkpoint.clone();
        let spec = StoreSpec::new("s".parse().unwrap(), "key_value", "bytes", "raw");
        checkpoint.assign(&[spec]).unwrap();
        checkpoint.sequence += 1;
        edit(&mut checkpoint);
        Arc::new(Commit::new(checkpoint, changes))
    }

    pub(super) fn commit(&mut self, commit: &Arc<Commit>) -> Result<()> {
        run(self.claim.writer.commit(commit)).unwrap()?;
        self.checkpoint = commit.checkpoint().clone();
        Ok(())
    }

    pub(super) fn apply(&self) -> Result<()> {
        run(self.claim.writer.apply()).unwrap()
    }

    /// Commits one value of one key, and does not apply it.
    pub(super) fn decide(&mut self, key: &'static str, value: &'static str) -> Result<()> {
        let commit = self.next(put(MAP, key, value), |_| {});
        self.commit(&commit)
    }

    pub(super) fn put(&mut self, key: &'static str, value: &'static str) {
        self.decide(key, value).unwrap();
        self.apply().unwrap();
    }

    pub(super) fn get(&self, key: &'static str) -> Option<Bytes> {
        get(&*self.claim.writer, MAP, key).unwrap()
    }
}

pub(super) fn change(map: MapId, key: &'static str, value: Option<&'static str>) -> Changes {
    let put = value.map(|value| Put::new(Bytes::from_static(value.as_bytes())));
    let writes = BTreeMap::from([(Bytes::from_static(key.as_bytes()), put)]);
    [(map, MapChange::Write(writes))].into()
}

pub(super) fn put(map: MapId, key: &'static str, value: &'static str) -> Changes {
    change(map, key, Some(value))
}

pub(super) fn get(reader: &dyn TaskReader, map: MapId, key: &'static str) -> Result<Option<Bytes>> {
    let found = run(reader.get_many(&[(map, Bytes::from_static(key.as_bytes()))])).unwrap()?;
    Ok(found.into_iter().next().flatten())
}

pub(super) fn reader(backend: &ToyBackend) -> Result<Arc<dyn TaskReader>> {
    run(backend.read(&task())).unwrap()
}
