//! Reads, writes, commits and rollbacks of one task in every order that a seed makes, held against a model.
//!
//! Everything runs on one thread and is polled in the order of a seed. An operation takes effect in its last poll, so the
//! model knows what each key was worth at every moment, and a read must give what was so at some moment while it ran.
//! `SEED=7` runs one again, `SEEDS=100000` runs more.

#![allow(clippy::future_not_send, reason = "everything runs on one thread")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    env,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
};

use futures::{FutureExt, TryStreamExt};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{
    EngineConfig, ErrorKind, Task,
    layers::{Fault, Faults, Odds},
    prelude::*,
};

use crate::common::{COUNTS, Faulty};

type Counts = Arc<dyn KeyValueStore<String, u64>>;
type Program = Pin<Box<dyn Future<Output = ()>>>;

const KEYS: usize = 6;

/// What each key is worth now, and what it was worth while the reads on their way ran.
#[derive(Debug, Default)]
struct Model {
    now: [Option<u64>; KEYS],
    reads: BTreeMap<u64, [BTreeSet<Option<u64>>; KEYS]>,
    next: u64,
}

impl Model {
    fn set(&mut self, key: usize, value: Option<u64>) {
        self.now[key] = value;
        for seen in self.reads.values_mut() {
            seen[key].insert(value);
        }
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// A read on its way: ends with the future that it is part of.
struct Watch {
    model: Rc<RefCell<Model>>,
    number: u64,
}

impl Watch {
    fn new(model: &Rc<RefCell<Model>>) -> Self {
        let mut inner = model.borrow_mut();
        let number = inner.next();
        let seen = inner.now.map(|value| BTreeSet::from([value]));
        inner.reads.insert(number, seen);
        drop(inner);
        Self { model: model.clone(), number }
    }

    fn check(&self, what: &str, key: usize, value: Option<u64>) {
        let model = self.model.borrow();
        let seen = &model.reads[&self.number][key];
        assert!(seen.contains(&value), "{what} of key {key} gave {value:?}, it was {seen:?}");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.model.borrow_mut().reads.remove(&self.number);
    }
}

/// One life of a task.
#[derive(Clone)]
struct Life {
    task: Task,
    counts: Counts,
    model: Rc<RefCell<Model>>,
    backend: Faulty,
    /// Whether point reads are in this process and worth caching.
    near: bool,
}

fn name(key: usize) -> String {
    key.to_string()
}

impl Life {
    async fn get(self, key: usize) {
        let watch = Watch::new(&self.model);
        let value = match self.near {
            // By this call near reads take time, too.
            true if self.model.borrow_mut().next().is_multiple_of(2) => {
                self.counts.get_many(&[name(key)]).await.unwrap()[0]
            }
            _ => self.counts.get(&name(key)).await.unwrap(),
        };
        watch.check("a get", key, value);
    }

    async fn get_many(self) {
        let watch = Watch::new(&self.model);
        let names: Vec<_> = (0..KEYS).map(name).collect();
        let values = self.counts.get_many(&names).await.unwrap();
        for (key, value) in values.into_iter().enumerate() {
            watch.check("a get of many", key, value);
        }
    }

    async fn scan(self, order: Order) {
        let watch = Watch::new(&self.model);
        let found = self.counts.range(None, None, order).try_collect::<BTreeMap<_, _>>().await;
        let found = found.unwrap();
        for key in 0..KEYS {
            watch.check("a scan", key, found.get(&name(key)).copied());
        }
    }

    async fn put(self, key: usize, value: Option<u64>) {
        match self.counts.put_all(vec![(name(key), value)]).await {
            Ok(()) => self.model.borrow_mut().set(key, value),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}"),
        }
    }

    async fn update(self, key: usize, value: u64) {
        let watch = Watch::new(&self.model);
        let mut old = None;
        let update = |found| {
            old = Some(found);
            Some(value)
        };
        let updated = self.counts.update(&name(key), update).await;
        if let Some(old) = old {
            watch.check("an update", key, old);
        }
        match updated {
            Ok(()) => {
                assert_eq!(old, Some(self.model.borrow().now[key]), "an update lost a write");
                self.model.borrow_mut().set(key, Some(value));
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}"),
        }
    }

    async fn commit(self) {
        // After an error the writes are kept, and seen.
        let _ = self.task.commit(()).await;
    }

    async fn rollback(self) {
        if self.task.rollback().await.is_ok() {
            self.stored().now_or_never().unwrap();
        }
    }

    /// What is stored is what there is.
    async fn stored(&self) {
        let reader = self.backend.quiet().read("app", 0).await.unwrap();
        let stored = match reader.store(&COUNTS).await {
            Ok(counts) => counts.get_many(&(0..KEYS).map(name).collect::<Vec<_>>()).await.unwrap(),
            Err(_) => vec![None; KEYS],
        };
        for (key, value) in stored.into_iter().enumerate() {
            self.model.borrow_mut().set(key, value);
        }
    }

    fn program(self, random: &mut StdRng) -> Program {
        let (key, value) = (random.random_range(0..KEYS), self.model.borrow_mut().next());
        match random.random_range(0..24) {
            0..7 => Box::pin(self.get(key)),
            7..9 => Box::pin(self.get_many()),
            9 => Box::pin(self.scan(Order::Forward)),
            10 => Box::pin(self.scan(Order::Backward)),
            11..15 => Box::pin(self.put(key, Some(value))),
            15..17 => Box::pin(self.put(key, None)),
            17..20 => Box::pin(self.update(key, value)),
            20..23 => Box::pin(self.commit()),
            _ => Box::pin(self.rollback()),
        }
    }
}

/// Runs some programs at a time, in the order of the seed; some are dropped before they end.
fn run_life(life: &Life, random: &mut StdRng) {
    let mut programs: Vec<Program> = Vec::new();
    let most = random.random_range(1..9);
    for _ in 0..random.random_range(50..300) {
        while programs.len() < most {
            programs.push(life.clone().program(random));
        }
        let at = random.random_range(0..programs.len());
        let ended = poll(&mut programs[at]);
        if ended || random.random_ratio(1, 60) {
            drop(programs.swap_remove(at));
        }
    }
    let mut polls = 0;
    while !programs.is_empty() {
        programs.retain_mut(|program| !poll(program));
        polls += 1;
        assert!(polls < 10_000, "{} programs do not end", programs.len());
    }
}

fn poll(program: &mut Program) -> bool {
    program.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

fn finish<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    let result = Rc::new(RefCell::new(None));
    let slot = result.clone();
    let mut program: Program = Box::pin(async move { *slot.borrow_mut() = Some(future.await) });
    while !poll(&mut program) {}
    drop(program);
    Rc::into_inner(result).unwrap().into_inner().unwrap()
}

fn run(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let near = random.random();
    let backend = Faulty::over(Faults::seeded(seed + 1, Odds::delays(if near { 12 } else { 3 })));
    let mut config = EngineConfig::default();
    config.cache_bytes = [0, 700, 1500, 1 << 20][random.random_range(0..4)];
    config.page_entries = random.random_range(1..5);
    config.read_batch_keys = random.random_range(1..5);
    config.reads_in_flight = random.random_range(1..4);
    let database = if near { backend.near(config) } else { backend.with(config) };
    let model = Rc::new(RefCell::new(Model::default()));
    for _ in 0..3 {
        let opening = database.clone();
        let task = finish(async move { opening.task("app", 0).store(&COUNTS).open().await });
        let task = task.unwrap();
        let counts = task.store(&COUNTS).unwrap();
        let life = Life { task, counts, model: model.clone(), backend: backend.clone(), near };
        life.stored().now_or_never().unwrap();
        for _ in 0..random.random_range(0..6) {
            let faults = [Fault::None, Fault::Refused, Fault::LostReply, Fault::LostRequest];
            let fault = faults[random.random_range(0..4)];
            backend.line.commits([fault]);
        }
        run_life(&life, &mut random);
        backend.line.clear();
        if random.random() {
            let task = life.task.clone();
            finish(async move { task.close().await }).unwrap();
        }
    }
}

#[test]
fn every_read_gives_what_was_so_while_it_ran() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("SEED") {
        return run(seed);
    }
    for seed in 0..number("SEEDS").unwrap_or(4000) {
        let failed = std::panic::catch_unwind(|| run(seed)).is_err();
        assert!(!failed, "SEED={seed}");
    }
}
