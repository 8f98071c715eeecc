//! Tasks of one database on several threads, with a cache that always evicts: every read gives what was written last.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{TryStreamExt, future::join_all};
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{
    Database, EngineConfig, Error, Task,
    layers::{Faults, Odds},
    prelude::*,
};

use crate::common::{COUNTS, Faulty};

const WORKERS: u64 = 3;
const KEYS: u64 = 5;

/// What a worker knows of its keys, which nobody else writes.
type Model = BTreeMap<String, u64>;

fn key(worker: u64, n: u64) -> String {
    format!("{n}/{worker}")
}

fn key_of_any(random: &mut StdRng) -> String {
    key(random.random_range(0..WORKERS), random.random_range(0..KEYS))
}

struct Worker {
    task: Task,
    number: u64,
    model: Model,
    random: StdRng,
}

impl Worker {
    async fn work(mut self, steps: usize) -> Self {
        let counts = self.task.store(&COUNTS).unwrap();
        for _ in 0..steps {
            let key = key(self.number, self.random.random_range(0..KEYS));
            match self.random.random_range(0..20) {
                0..3 => {
                    let value = self.random.random();
                    counts.put(&key, &value).await.unwrap();
                    self.model.insert(key, value);
                }
                3..6 => {
                    let deleted = counts.delete(&key).await.unwrap();
                    assert_eq!(deleted, self.model.remove(&key), "delete of {key}");
                }
                6 => {
                    let next = |n: Option<u64>| n.map_or(1, |n| n.wrapping_add(1));
                    counts.update(&key, |n| Some(next(n))).await.unwrap();
                    let updated = next(self.model.get(&key).copied());
                    self.model.insert(key, updated);
                }
                7 => self.look_at_all().await,
                8 => self.scan().await,
                // It may come back after its key was written, and must not stay in the cache then.
                9..12 => {
                    let other = key_of_any(&mut self.random);
                    counts.get(&other).await.unwrap();
                }
                _ => {
                    let found = counts.get(&key).await.unwrap();
                    assert_eq!(found, self.model.get(&key).copied(), "get of {key}");
                }
            }
        }
        self
    }

    async fn look_at_all(&self) {
        let keys: Vec<_> = (0..KEYS).map(|n| key(self.number, n)).collect();
        let found = self.task.store(&COUNTS).unwrap().get_many(&keys).await.unwrap();
        for (key, found) in keys.iter().zip(found) {
            assert_eq!(found, self.model.get(key).copied(), "get_many of {key}");
        }
    }

    /// Others write their keys meanwhile.
    async fn scan(&self) {
        let all = self.task.store(&COUNTS).unwrap().all();
        let mut found: Model = all.try_collect().await.unwrap();
        found.retain(|key, _| key.ends_with(&format!("/{}", self.number)));
        assert_eq!(found, self.model, "scan of the keys of {}", self.number);
    }
}

/// The life of a task: workers and commits at once, then a rollback, then another owner.
async fn live(database: Database, partition: u32, seed: u64, until: Instant) -> u64 {
    let mut random = StdRng::seed_from_u64(seed);
    let mut models = vec![Model::new(); usize::try_from(WORKERS).unwrap()];
    let mut rounds = 0;
    while Instant::now() < until {
        rounds += 1;
        let task = database.task("app", partition).store(&COUNTS).open().await.unwrap();
        let workers = (0..).zip(models).map(|(number, model)| {
            let random = StdRng::seed_from_u64(random.random());
            let worker = Worker { task: task.clone(), number, model, random };
            tokio::spawn(worker.work(100))
        });
        let workers: Vec<_> = workers.collect();
        let done = Arc::new(AtomicBool::new(false));
        let commits = tokio::spawn({
            let (task, done) = (task.clone(), done.clone());
            async move {
                while !done.load(Ordering::Acquire) {
                    task.commit(()).await.unwrap();
                }
                task.commit(()).await.unwrap();
            }
        });
        let workers: Vec<_> =
            join_all(workers).await.into_iter().map(|worker| worker.unwrap()).collect();
        done.store(true, Ordering::Release);
        commits.await.unwrap();
        let counts = task.store(&COUNTS).unwrap();
        for worker in &workers {
            counts
                .put_all((0..KEYS).map(|n| (key(worker.number, n), Some(7))).collect())
                .await
                .unwrap();
        }
        task.rollback().await.unwrap();
        for worker in &workers {
            worker.look_at_all().await;
        }
        models = workers.into_iter().map(|worker| worker.model).collect();
    }
    rounds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_read_gives_what_was_written_last() {
    let seed =
        env::var("SEED").map_or_else(|_| rand::random::<u64>(), |seed| seed.parse().unwrap());
    println!("SEED={seed}; threads take turns as they like, so it does not give the same again");
    // Room for no entry of a worker, for some, and for nearly all of both tasks.
    for (cache_bytes, near) in
        [(300, false), (1000, false), (5000, false), (300, true), (1000, true), (5000, true)]
    {
        let backend = Faulty::over(Faults::seeded(seed, Odds::delays(6)));
        let mut config = EngineConfig::default();
        (config.cache_bytes, config.page_entries, config.read_batch_keys) = (cache_bytes, 4, 3);
        let database = if near { backend.near(config) } else { backend.with(config) };
        let until = Instant::now() + Duration::from_millis(1000);
        let lives = (0..2).map(|task| {
            let seed = seed ^ u64::from(task) << 32;
            tokio::spawn(live(database.clone(), task, seed, until))
        });
        for rounds in join_all(lives).await {
            assert!(rounds.unwrap() > 0);
        }
    }
}

/// A put between the read and the write of an update would be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_put_falls_into_an_update() {
    const PUT: u64 = 1 << 32;
    let task = Faulty::default().database().task("app", 0).store(&COUNTS).open().await.unwrap();
    let counts = task.store(&COUNTS).unwrap();
    let key = "of all".to_owned();
    let done = Arc::new(AtomicBool::new(false));
    let updates = (0..3).map(|_| {
        let (counts, key, done) = (counts.clone(), key.clone(), done.clone());
        tokio::spawn(async move {
            while !done.load(Ordering::Acquire) {
                counts.update(&key, |n| n.map(|n| n + 1)).await.unwrap();
            }
        })
    });
    let updates: Vec<_> = updates.collect();
    let puts = async {
        for put in 1..20_000 {
            counts.put(&key, &(put * PUT)).await?;
            let found = counts.get(&key).await?.map(|n| n / PUT);
            if found != Some(put) {
                return Ok(Some((put, found)));
            }
            if put % 1000 == 0 {
                task.commit(()).await?;
            }
        }
        Ok::<_, Error>(None)
    };
    let lost = puts.await;
    // Before anything fails: who updates does not wait for anything that would end it.
    done.store(true, Ordering::Release);
    for updates in join_all(updates).await {
        updates.unwrap();
    }
    assert_eq!(lost.unwrap(), None, "a put, and the one that an update wrote over it");
}
