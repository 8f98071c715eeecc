//! The primitives over the toy database.

use std::{
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::poll_fn;

use super::{
    Break, Fault, Faults, Moment,
    server::{Request, Server},
};
use crate::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Capabilities, Changes, KeyRange, MapChange, MapId, Order, Page, PageLimit, SearchPage,
        TaskId,
    },
    redo::{Lease, LogName, Meta, MetaChange, RedoSearcher, RedoTask, Step, Swap},
    search::Query,
};

// Not exact in length: a reader does not count what is only in a log.
const CAPABILITIES: Capabilities =
    Capabilities { search: true, ..Capabilities::new("toy", 64 << 10, usize::MAX) };

/// One process's line to one task.
#[derive(Debug)]
pub(super) struct ToyTask {
    server: Arc<Mutex<Server>>,
    task: TaskId,
    faults: Option<Arc<dyn Faults>>,
    capabilities: Capabilities,
}

/// Lets others go first, once.
async fn pause() {
    let mut paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn lost() -> Error {
    Error::new(ErrorKind::Timeout, "no answer from the toy database")
}

fn refused() -> Error {
    let message = "the toy database refused the request";
    Error::new(ErrorKind::Throttled, message).with_effect(Effect::NotApplied)
}

impl ToyTask {
    pub(super) fn new(
        server: Arc<Mutex<Server>>,
        task: TaskId,
        faults: Option<Arc<dyn Faults>>,
        broken: Option<Break>,
    ) -> Self {
        let toy = Self { server, task, faults, capabilities: CAPABILITIES };
        if broken.is_some() {
            toy.server().task(&toy.task).broken = broken;
        }
        toy
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a request on its way without waiting for it.
    pub(super) fn send_late(&self, request: Request) {
        self.server().in_flight.push((self.task.clone(), request));
    }

    /// Sets the highest stamp of the record, as no rule allows.
    pub(super) fn force_stamp(&self, stamp: i64) {
        self.server().task(&self.task).force_stamp(stamp);
    }

    async fn fault(&self, moment: Moment) -> Fault {
        let Some(faults) = &self.faults else { return Fault::None };
        if !matches!(moment, Moment::Step(_)) {
            pause().await;
        }
        let fault = faults.next(moment);
        if fault == Fault::CrashBefore {
            pending::<Infallible>().await;
        }
        fault
    }

    pub(super) async fn send(&self, request: Request) -> Result<Swap> {
        let execute = |request| self.server().task(&self.task).execute(request);
        let pauses = self.server().pauses;
        let fault = self.fault(Moment::Change).await;
        if self.server().pauses != pauses {
            // Sent so long after it was decided to send it that the line has given up.
            return Err(lost());
        }
        #[cfg(test)]
        if std::mem::take(&mut self.server().refuse_next) {
            return Err(refused());
        }
        match fault {
            Fault::None | Fault::CrashBefore => execute(request),
            Fault::Refused => Err(refused()),
            Fault::Misreported => {
                execute(request)?;
                Err(refused())
            }
            Fault::LostReply => {
                execute(request)?;
                Err(lost())
            }
            Fault::Late(times) => {
                (0..times).for_each(|_| self.send_late(request.clone()));
                Err(lost())
            }
            Fault::CrashAfter => {
                execute(request)?;
                pending().await
            }
        }
    }

    /// Before the first record of a read that fault which is its lot; before each further one others may come first.
    async fn between(&self, at: usize) -> Result<()> {
        if at == 0 {
            return self.read(|_| ()).await;
        }
        if self.faults.is_some() {
            pause().await;
        }
        Ok(())
    }

    async fn read<T>(&self, read: impl FnOnce(&mut Server) -> T + Send) -> Result<T> {
        match self.fault(Moment::Read).await {
            Fault::None => Ok(read(&mut self.server())),
            Fault::Refused => Err(refused()),
            _ => Err(lost()),
        }
    }
}

#[async_trait]
impl RedoTask for ToyTask {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn load(&self) -> Result<Option<Meta>> {
        self.read(|server| server.task(&self.task).meta()).await?
    }

    async fn swap(&self, change: &MetaChange) -> Result<Swap> {
        self.send(Request::Swap(change.clone())).await
    }

    async fn put_chunk(&self, log: LogName, index: u32, chunk: &Bytes) -> Result<()> {
        self.send(Request::PutChunk(log, index, chunk.clone())).await.map(drop)
    }

    async fn read_chunks(&self, log: LogName, count: u32) -> Result<Vec<Option<Bytes>>> {
        self.read(|server| {
            let record = server.task(&self.task);
            (0..count).map(|index| record.chunk(log, index)).collect()
        })
        .await
    }

    async fn clear(&self, log: LogName) -> Result<()> {
        self.send(Request::Clear(log)).await.map(drop)
    }

    async fn sweep(&self, below_epoch: u64) -> Result<()> {
        self.send(Request::Sweep(below_epoch)).await.map(drop)
    }

    async fn apply(&self, changes: &Changes, stamp: i64, lease: &Lease) -> Result<()> {
        for (map, change) in changes {
            match change {
                MapChange::Drop => {
                    lease.check()?;
                    self.send(Request::Drop(*map, stamp)).await?;
                }
                MapChange::Write(writes) => {
                    for (key, put) in writes {
                        lease.check()?;
                        let write = Request::Write(*map, key.clone(), put.clone(), stamp);
                        self.send(write).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn wipe(&self, stamp: i64, lease: &Lease) -> Result<()> {
        lease.check()?;
        self.send(Request::Wipe(stamp)).await.map(drop)
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut values = Vec::with_capacity(keys.len());
        for (at, (map, key)) in keys.iter().enumerate() {
            self.between(at).await?;
            values.push(self.server().task(&self.task).get(*map, key));
        }
        Ok(values)
    }

    async fn scan(
        &self,
        map: MapId,
        range: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let keys = self.read(|server| server.task(&self.task).keys(map, range, order)).await?;
        let (mut page, mut bytes) = (Page::default(), 0);
        for (at, key) in keys.into_iter().enumerate() {
            if at > 0 {
                self.between(at).await?;
            }
            let Some(value) = self.server().task(&self.task).get(map, &key) else { continue };
            bytes += key.len() + value.len();
            page.entries.push((key.clone(), value));
            if limit.is_reached(page.entries.len(), bytes) {
                page.resume = Some(key);
                break;
            }
        }
        Ok(page)
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        self.read(|server| server.task(&self.task).len(map)).await
    }

    fn searcher(&self) -> Option<&dyn RedoSearcher> {
        Some(self)
    }

    async fn reached(&self, step: Step) -> Result<()> {
        self.fault(Moment::Step(step)).await;
        step.fail_point()
    }
}

#[async_trait]
impl RedoSearcher for ToyTask {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        self.read(|server| {
            let entries = server.task(&self.task).entries(store);
            SearchPage::evaluate(entries, 0, query, after, limit)
        })
        .await?
    }

    async fn is_applied(&self, changes: &Changes, stamp: i64) -> Result<bool> {
        self.read(|server| {
            let record = server.task(&self.task);
            changes.iter().all(|(map, change)| match change {
                MapChange::Drop => true,
                MapChange::Write(writes) => {
                    writes.iter().all(|(key, put)| record.shows(*map, key, put.as_ref(), stamp))
                }
            })
        })
        .await
    }
}
