//! One history: owners, zombies and readers over one toy database.

use std::sync::Arc;

use rand::{Rng, SeedableRng, rngs::SmallRng};
use store_core::{
    Database, EngineConfig, ErrorKind,
    redo::{
        RedoConfig,
        toy::{Break, ToyBackend},
    },
};

use super::{
    model,
    owner::{last_owner, owner},
    reader::reader,
    scheduler::{Actor, Process, TestClock, finish},
    shared::Shared,
    tally::Tally,
};

/// A history by its seed.
#[derive(Debug)]
pub struct History {
    random: SmallRng,
    toy: ToyBackend,
    clock: TestClock,
    broken: Option<Break>,
}

/// Polls after which whoever still runs is a zombie.
const STEPS: usize = 1200;

impl History {
    pub fn new(seed: u64) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { random, toy: ToyBackend::new(), clock: TestClock::new(), broken: None }
    }

    pub fn broken(seed: u64, broken: Break) -> Self {
        let history = Self::new(seed);
        Self { toy: history.toy.broken(Some(broken)), broken: Some(broken), ..history }
    }

    fn config(&mut self) -> RedoConfig {
        let clears =
            matches!(self.broken, Some(Break::ClearWithoutCondition | Break::ClearByEpochOnly));
        let mut config = RedoConfig::default();
        config.inline_bytes = if self.random.random() { 0 } else { 8192 };
        config.chunk_bytes = self.random.random_range(8..60);
        config.clear_at_once = clears || self.random.random_ratio(1, 3);
        config.clock = Arc::new(self.clock.skewed(self.random.random_range(-40..40)));
        config
    }

    /// Runs it to its end: what happened, or what must not have.
    pub fn run(mut self) -> Result<Tally, String> {
        let shared = Shared::new(model::records(&mut self.random));
        let mut actors = Vec::new();
        if self.random.random_ratio(1, 4) {
            self.earlier_life(&shared, &mut actors);
        }
        for number in 0..self.random.random_range(2..5) {
            let (process, database) = self.process();
            let seed = self.random.random();
            actors.push(if number < 3 {
                Actor::new(process, owner(&shared, database, seed))
            } else {
                Actor::new(process, reader(&shared, database, seed))
            });
        }
        self.schedule(&shared, &mut actors, STEPS);

        // Now somebody claims for good, while zombies and late requests go on.
        finish(Box::pin(last_owner(&shared, self.quiet())));
        self.schedule(&shared, &mut actors, STEPS / 4);
        let processes: Vec<_> = actors.into_iter().map(|actor| actor.process).collect();
        while self.toy.in_flight() > 0 {
            self.toy.deliver(self.random.random_range(0..self.toy.in_flight()));
        }
        finish(Box::pin(last_owner(&shared, self.quiet())));

        let mut tally = shared.tally.into_inner();
        for process in processes {
            tally.crashed += u64::from(process.is_dead());
            tally.add(Tally { faults: process.counts(), ..Tally::default() });
        }
        shared.violation.into_inner().map_or(Ok(tally), Err)
    }

    /// A process of its own, with its own clock, settings and faults.
    fn process(&mut self) -> (Arc<Process>, Database) {
        let process = Process::new(self.random.random(), self.random.random_range(0..12));
        let config = self.config();
        let backend = self.toy.with_config(config).with_faults(process.clone());
        (process, Database::with(Arc::new(backend), EngineConfig::default()).unwrap())
    }

    fn quiet(&mut self) -> Database {
        let config = self.config();
        let backend = self.toy.with_config(config);
        Database::with(Arc::new(backend), EngineConfig::default()).unwrap()
    }

    /// A task of the same name that is destroyed; its owner lives on as a zombie.
    fn earlier_life<'a>(&mut self, shared: &'a Shared, actors: &mut Vec<Actor<'a>>) {
        let (process, database) = self.process();
        actors.push(Actor::new(process, owner(shared, database, self.random.random())));
        let steps = self.random.random_range(0..400);
        self.schedule(shared, actors, steps);
        if self.random.random() {
            finish(Box::pin(last_owner(shared, self.quiet())));
        }
        let (process, database) = self.process();
        actors.push(Actor::new(process, async move {
            // May destroy what is new, too, but not once somebody works on it.
            let _ = database.destroy("app", 0).await;
        }));
        let destroying = actors.len() - 1;
        for _ in 0..100 {
            actors[destroying].step();
        }
        actors[destroying].end();
        let quiet = self.quiet();
        finish(Box::pin(async move {
            match quiet.destroy("app", 0).await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => shared.violated(format!("destroying: {error}")),
            }
        }));
        shared.tally.borrow_mut().destroyed += 1;
    }

    /// Lets the programs go on in random order, some of them paused for long, until all have ended or `most` steps.
    fn schedule(&mut self, shared: &Shared, actors: &mut [Actor<'_>], most: usize) {
        let mut paused = vec![0; actors.len()];
        let long_pause = self.random.random_ratio(1, 4).then(|| self.random.random_range(0..400));
        for now in 0..most {
            if long_pause == Some(now) {
                self.clock.sleep_long();
                self.toy.purge();
                shared.tally.borrow_mut().long_pauses += 1;
            }
            if self.toy.in_flight() > 0 && self.random.random_ratio(1, 12) {
                self.toy.deliver(self.random.random_range(0..self.toy.in_flight()));
                shared.tally.borrow_mut().delivered += 1;
            }
            let awake = |at: &usize| !actors[*at].has_ended() && paused[*at] <= now;
            let awake: Vec<_> = (0..actors.len()).filter(awake).collect();
            if awake.is_empty() {
                if actors.iter().all(Actor::has_ended) {
                    return;
                }
                continue;
            }
            let at = awake[self.random.random_range(0..awake.len())];
            if self.random.random_ratio(1, 40) {
                paused[at] = now + self.random.random_range(1..400);
                continue;
            }
            shared.tally.borrow_mut().steps += 1;
            actors[at].step();
        }
    }
}
