//! Reads on their way: keys that are asked together, in as few requests as possible.
//!
//! A batch is a future that all its callers poll, so that a caller who gives up strands nobody, and no runtime is needed.
//! Each caller lets those who are ready to run add their keys before it polls. The batch is sent once fewer than
//! [`reads_in_flight`](super::EngineConfig::reads_in_flight) are on their way; until then it gathers. Who waits for a turn
//! polls those ahead, so that callers who hold a read and do not poll it hold up nobody.
//!
//! A read fills the cache only if it is still known here when it arrives: a write of its key, a rollback and the end of
//! the task make it unknown.

use std::{
    collections::{BTreeMap, HashMap},
    future::poll_fn,
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared, WeakShared, select_all},
};

use super::{Engine, EngineConfig, state::State};
use crate::{
    Result,
    backend::{MapId, ask},
    sabotage,
};

/// What a batch brings: the values of its keys.
type Answer = Result<Arc<[Option<Bytes>]>>;

/// A batch, polled by all who wait for it.
pub(super) type Batch = Shared<BoxFuture<'static, Answer>>;

type Asked = (MapId, Bytes);

/// One key of a batch.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) batch: Batch,
    index: usize,
}

impl Place {
    /// The value, once the batch is there.
    pub(super) fn value(&self, answer: &[Option<Bytes>]) -> Option<Bytes> {
        // Invariant: a batch answers each of its keys, and this is one.
        answer[self.index].clone()
    }
}

/// The reads of a task that are on their way or gather.
#[derive(Debug)]
pub(super) struct Reads {
    /// Where each key is asked that may fill the cache.
    asked: HashMap<Asked, (u64, usize), foldhash::fast::RandomState>,
    batches: BTreeMap<u64, Gathered>,
    /// The batch that takes further keys.
    gathering: Option<u64>,
    next: u64,
    limits: Limits,
    /// How long the values of each store are, to guess what a batch will bring.
    longest: HashMap<u32, Longest, foldhash::fast::RandomState>,
}

/// The longest value lately; by store, whose time segments come and go and hold values of one kind.
#[derive(Clone, Copy, Debug)]
struct Longest(usize);

impl Longest {
    /// What is guessed before the first one came: by default a thousand of them just fit into a request.
    const UNKNOWN: Self = Self(4 << 10);

    /// What is guessed once the longest value of a batch came: long ones are remembered for some dozens of batches.
    fn after(self, longest: usize) -> Self {
        Self(longest.max(self.0 - self.0 / 16))
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    keys: usize,
    bytes: usize,
    in_flight: usize,
}

#[derive(Debug)]
struct Gathered {
    batch: WeakShared<BoxFuture<'static, Answer>>,
    /// None once it was sent.
    keys: Option<Vec<Asked>>,
    /// Bytes of its keys and, as guessed, of their values.
    bytes: usize,
}

impl Reads {
    pub(super) fn new(config: &EngineConfig) -> Self {
        let limits = Limits {
            keys: config.read_batch_keys,
            bytes: config.read_batch_bytes,
            in_flight: config.reads_in_flight,
        };
        let (asked, batches) = (HashMap::default(), BTreeMap::new());
        Self { asked, batches, gathering: None, next: 0, limits, longest: HashMap::default() }
    }

    /// Asks for a key, together with others, in a batch of `engine`; true where it is on its way already.
    pub(super) fn ask(&mut self, engine: &Arc<Engine>, asked: Asked) -> (Place, bool) {
        if let Some(&(number, index)) = self.asked.get(&asked) {
            let batch = self.batches.get(&number).and_then(|gathered| gathered.batch.upgrade());
            if let Some(batch) = batch {
                return (Place { number, batch, index }, true);
            }
        }
        let Longest(value) = self.longest.get(&asked.0.store).copied().unwrap_or(Longest::UNKNOWN);
        let (number, batch) = self.gathering().unwrap_or_else(|| self.begin(engine));
        // Invariant: a batch that gathers is known, and has not been sent.
        let gathered = self.batches.get_mut(&number).expect("a batch that gathers");
        let keys = gathered.keys.get_or_insert_default();
        let index = keys.len();
        keys.push(asked.clone());
        gathered.bytes += asked.1.len() + value;
        if keys.len() >= self.limits.keys || gathered.bytes >= self.limits.bytes {
            self.gathering = None;
        }
        self.asked.insert(asked, (number, index));
        (Place { number, batch, index }, false)
    }

    fn gathering(&self) -> Option<(u64, Batch)> {
        let number = self.gathering?;
        Some((number, self.batches.get(&number)?.batch.upgrade()?))
    }

    fn begin(&mut self, engine: &Arc<Engine>) -> (u64, Batch) {
        let number = self.next;
        self.next += 1;
        let batch = engine.clone().read_batch(number).boxed().shared();
        // Invariant: only a future that has ended has no weak reference.
        let weak = batch.downgrade().expect("a new future has not ended");
        self.batches.insert(number, Gathered { batch: weak, keys: Some(Vec::new()), bytes: 0 });
        self.gathering = Some(number);
        (number, batch)
    }

    /// The keys of a batch that may be sent now; else what is ahead of it.
    fn send(&mut self, number: u64) -> std::result::Result<Vec<Asked>, Vec<Batch>> {
        let sent = self.batches.values().filter(|gathered| gathered.keys.is_none());
        if sent.clone().count() >= self.limits.in_flight {
            return Err(sent.filter_map(|gathered| gathered.batch.upgrade()).collect());
        }
        if self.gathering == Some(number) {
            self.gathering = None;
        }
        let keys = self.batches.get_mut(&number).and_then(|gathered| gathered.keys.take());
        Ok(keys.unwrap_or_default())
    }

    /// Whether the read of a key by this batch may fill the cache; ends it either way.
    fn arrived(&mut self, number: u64, asked: &Asked) -> bool {
        let fills = self.asked.get(asked).is_some_and(|(by, _)| *by == number);
        if fills {
            self.asked.remove(asked);
        }
        fills || sabotage::is_on("engine::stale-fill")
    }

    /// The longest value that a batch brought of a store.
    fn came(&mut self, store: u32, longest: usize) {
        let known = self.longest.entry(store);
        known.and_modify(|known| *known = known.after(longest)).or_insert(Longest(longest));
    }

    /// A batch that has ended, or whose callers have all given up.
    fn end(&mut self, number: u64) {
        if self.gathering == Some(number) {
            self.gathering = None;
        }
        let gathered = self.batches.remove(&number);
        for asked in gathered.and_then(|gathered| gathered.keys).unwrap_or_default() {
            self.arrived(number, &asked);
        }
    }

    /// The key is written: what is on its way may be older.
    pub(super) fn written(&mut self, map: MapId, key: &Bytes) {
        if !self.asked.is_empty() {
            self.asked.remove(&(map, key.clone()));
        }
    }

    /// Nothing that is on its way fills the cache.
    pub(super) fn forget(&mut self) {
        self.asked.clear();
    }
}

/// Keys whose values are kept under one hold of the lock.
pub(super) const FILLED_AT_ONCE: usize = 64;

/// Ends a batch in the table, also where it is dropped before it was sent or even polled.
///
/// It takes the lock of the state, so no batch may be dropped under it.
struct Ended {
    engine: Arc<Engine>,
    number: u64,
    sent: Vec<Asked>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let mut state = self.engine.state.lock();
        for asked in &self.sent {
            state.reads.arrived(self.number, asked);
        }
        state.reads.end(self.number);
    }
}

impl Engine {
    /// A future that gathers, waits for its turn, reads, and fills the cache.
    fn read_batch(self: Arc<Self>, number: u64) -> impl Future<Output = Answer> + Send {
        let mut ended = Ended { engine: self, number, sent: Vec::new() };
        async move {
            ended.sent = loop {
                let ahead = ended.engine.state.lock().reads.send(number);
                match ahead {
                    Ok(keys) => break keys,
                    Err(ahead) if ahead.is_empty() => pause().await,
                    Err(ahead) => drop(select_all(ahead).await),
                }
            };
            let Ended { engine, sent, .. } = &ended;
            engine.counters.batch_keys.record(len_f64(sent.len()));
            let found = ask(&*engine.writer, sent).await?;
            engine.fill(number, sent, &found);
            Ok(found.into())
        }
    }

    fn fill(&self, number: u64, asked: &[Asked], found: &[Option<Bytes>]) {
        let mut bytes = 0;
        // An absence says nothing of how long values are.
        let mut longest: BTreeMap<u32, usize> = BTreeMap::new();
        for ((map, key), value) in asked.iter().zip(found) {
            bytes += key.len();
            if let Some(value) = value {
                bytes += value.len();
                let longest = longest.entry(map.store).or_default();
                *longest = value.len().max(*longest);
            }
        }
        let all: Vec<_> = asked.iter().zip(found).collect();
        for some in all.chunks(FILLED_AT_ONCE) {
            let mut state = self.state.lock();
            for (asked, value) in some {
                let State { reads, known, .. } = &mut *state;
                if reads.arrived(number, asked) {
                    known.insert(asked.0, &asked.1, value.as_deref());
                }
            }
        }
        self.counters.read_bytes.increment(bytes as u64);
        let mut state = self.state.lock();
        for (store, longest) in longest {
            state.reads.came(store, longest);
        }
    }
}

/// Lets everybody else who is ready run first.
pub(super) async fn pause() {
    let mut paused = false;
    poll_fn(move |context| {
        if paused {
            return Poll::Ready(());
        }
        paused = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn len_f64(length: usize) -> f64 {
    u32::try_from(length).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests;
