//! One history: owners, zombies and readers over one toy database.

use std::{cell::RefCell, fmt, sync::Arc};

use rand::{Rng, SeedableRng, rngs::SmallRng};
use store_core::{
    Database, EngineConfig,
    redo::{
        RedoConfig,
        toy::{Break, Counts, Fault, Moment, ToyBackend},
    },
};

use super::{
    model,
    owner::{Shared, last_owner, owner, reader},
    scheduler::{Process, Program, TestClock, finish, step},
};

/// What happened in histories.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub faults: Counts,
    pub steps: u64,
    pub delivered: u64,
    pub fenced: u64,
    pub rolled_back: u64,
    pub sent_again: u64,
    pub read_whole: u64,
    pub destroyed: u64,
    pub crashed: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        for (place, count) in other.faults {
            *self.faults.entry(place).or_default() += count;
        }
        self.steps += other.steps;
        self.delivered += other.delivered;
        self.fenced += other.fenced;
        self.rolled_back += other.rolled_back;
        self.sent_again += other.sent_again;
        self.read_whole += other.read_whole;
        self.destroyed += other.destroyed;
        self.crashed += other.crashed;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |wanted: fn(Moment, Fault) -> bool| -> u64 {
            let faults = self.faults.iter().filter(|((moment, fault), _)| wanted(*moment, *fault));
            faults.map(|(_, count)| count).sum()
        };
        writeln!(
            f,
            "{} steps, {} crashes ({} at steps of the protocol), {} lost replies, {} late requests ({} arrived), {} refusals",
            self.steps,
            self.crashed,
            of(|moment, _| matches!(moment, Moment::Step(_))),
            of(|_, fault| fault == Fault::LostReply),
            of(|_, fault| matches!(fault, Fault::Late(_))),
            self.delivered,
            of(|_, fault| fault == Fault::Refused),
        )?;
        write!(
            f,
            "{} owners fenced, {} rollbacks, {} commits sent again, {} whole reads, {} tasks destroyed before",
            self.fenced, self.rolled_back, self.sent_again, self.read_whole, self.destroyed
        )
    }
}

/// A history by its seed.
#[derive(Debug)]
pub struct History {
    random: SmallRng,
    broken: Option<Break>,
}

/// Polls after which whoever still runs is a zombie.
const STEPS: usize = 1200;

impl History {
    pub fn new(seed: u64) -> Self {
        Self { random: SmallRng::seed_from_u64(seed), broken: None }
    }

    pub fn broken(seed: u64, broken: Break) -> Self {
        Self { broken: Some(broken), ..Self::new(seed) }
    }

    fn config(&mut self, clock: &TestClock) -> RedoConfig {
        let mut config = RedoConfig::default();
        config.inline_bytes = if self.random.random() { 0 } else { 8192 };
        config.chunk_bytes = self.random.random_range(8..60);
        config.clear_at_once = self.random.random_ratio(1, 3);
        config.clock = Arc::new(clock.skewed(self.random.random_range(-40..40)));
        config
    }

    /// Runs it to its end: what happened, or what must not have.
    pub fn run(mut self) -> Result<Tally, String> {
        let (toy, clock) = (ToyBackend::new().broken(self.broken), TestClock::new());
        let records = model::records(&mut self.random);
        let shared = Shared { records, tally: RefCell::default(), violation: RefCell::default() };
        if self.random.random_ratio(1, 5) {
            self.earlier_life(&shared, &toy, &clock);
        }
        let processes: Vec<_> = (0..self.random.random_range(2..5))
            .map(|_| Process::new(self.random.random(), self.random.random_range(0..12)))
            .collect();
        let mut programs: Vec<Option<Program<'_>>> = Vec::new();
        for process in &processes {
            let backend = toy.with_config(self.config(&clock)).with_faults(process.clone());
            let database = Database::with(Arc::new(backend), EngineConfig::default()).unwrap();
            let program: Program<'_> = if programs.len() < 3 {
                Box::pin(owner(&shared, database, self.random.random()))
            } else {
                Box::pin(reader(&shared, database))
            };
            programs.push(Some(program));
        }
        self.schedule(&shared, &toy, &processes, &mut programs, STEPS);

        // Now somebody claims for good, while zombies and late requests go on.
        finish(Box::pin(last_owner(&shared, self.quiet(&toy, &clock))));
        self.schedule(&shared, &toy, &processes, &mut programs, STEPS / 4);
        drop(programs);
        while toy.in_flight() > 0 {
            toy.deliver(self.random.random_range(0..toy.in_flight()));
        }
        finish(Box::pin(last_owner(&shared, self.quiet(&toy, &clock))));

        let mut tally = shared.tally.into_inner();
        for process in processes {
            tally.crashed += u64::from(process.is_dead());
            tally.add(Tally { faults: process.counts(), ..Tally::default() });
        }
        shared.violation.into_inner().map_or(Ok(tally), Err)
    }

    fn quiet(&mut self, toy: &ToyBackend, clock: &TestClock) -> Database {
        let backend = toy.with_config(self.config(clock));
        Database::with(Arc::new(backend), EngineConfig::default()).unwrap()
    }

    /// A task of the same name, worked by an owner that is now a zombie, and destroyed.
    fn earlier_life(&mut self, shared: &Shared, toy: &ToyBackend, clock: &TestClock) {
        finish(Box::pin(last_owner(shared, self.quiet(toy, clock))));
        let process = Process::new(self.random.random(), 10);
        let backend = toy.with_config(self.config(clock)).with_faults(process.clone());
        let database = Database::with(Arc::new(backend), EngineConfig::default()).unwrap();
        let mut program: Program<'_> = Box::pin(async move {
            let _ = database.destroy("app", 0).await;
        });
        for _ in 0..100 {
            if step(&mut program) || process.is_dead() {
                break;
            }
        }
        drop(program);
        let quiet = self.quiet(toy, clock);
        finish(Box::pin(async move {
            match quiet.destroy("app", 0).await {
                Ok(()) => {}
                Err(error) if error.kind() == store_core::ErrorKind::NotFound => {}
                Err(error) => panic!("{error}"),
            }
        }));
        let mut tally = shared.tally.borrow_mut();
        tally.destroyed += 1;
        tally.add(Tally { faults: process.counts(), ..Tally::default() });
    }

    /// Lets the programs go on in random order, some of them paused for long, until all have ended or `most` steps.
    fn schedule(
        &mut self,
        shared: &Shared,
        toy: &ToyBackend,
        processes: &[Arc<Process>],
        programs: &mut [Option<Program<'_>>],
        most: usize,
    ) {
        let mut paused = vec![0; programs.len()];
        for now in 0..most {
            if toy.in_flight() > 0 && self.random.random_ratio(1, 12) {
                toy.deliver(self.random.random_range(0..toy.in_flight()));
                shared.tally.borrow_mut().delivered += 1;
            }
            let awake = |at: &usize| programs[*at].is_some() && paused[*at] <= now;
            let awake: Vec<_> = (0..programs.len()).filter(awake).collect();
            if awake.is_empty() {
                if programs.iter().all(Option::is_none) {
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
            let ended = programs[at].as_mut().is_some_and(step);
            if ended || processes[at].is_dead() {
                programs[at] = None;
            }
        }
    }
}
