//! Runs futures on one thread, in the order it is told.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use store_core::redo::{
    Clock,
    toy::{Counts, Fault, Faults, Moment, Seeded},
};

pub type Program<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Lets a program go on until it waits for something; true when it has ended.
pub fn step(program: &mut Program<'_>) -> bool {
    program.as_mut().poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
}

/// Runs a program that nothing can hold up.
pub fn finish(mut program: Program<'_>) {
    for _ in 0..1_000_000 {
        if step(&mut program) {
            return;
        }
    }
    panic!("a program without rivals does not end");
}

/// A process and the program it runs, until that ends or the process dies.
pub struct Actor<'a> {
    pub process: Arc<Process>,
    program: Option<Program<'a>>,
}

impl<'a> Actor<'a> {
    pub fn new(process: Arc<Process>, program: impl Future<Output = ()> + 'a) -> Self {
        Self { process, program: Some(Box::pin(program)) }
    }

    pub fn has_ended(&self) -> bool {
        self.program.is_none()
    }

    pub fn step(&mut self) {
        if self.program.as_mut().is_some_and(step) || self.process.is_dead() {
            self.end();
        }
    }

    pub fn end(&mut self) {
        self.program = None;
    }
}

/// Time that goes on with each look at it; each process is ahead or behind by its own skew.
#[derive(Clone, Debug)]
pub struct TestClock {
    now: Arc<AtomicI64>,
    skew: i64,
}

impl TestClock {
    pub fn new() -> Self {
        Self { now: Arc::new(AtomicI64::new(1000)), skew: 0 }
    }

    pub fn skewed(&self, skew: i64) -> Self {
        Self { skew, ..self.clone() }
    }

    /// Longer than any request lives, and than a commit may be applied without asking again.
    pub fn sleep_long(&self) {
        self.now.fetch_add(36_000_000_000, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn wall_micros(&self) -> i64 {
        self.now.fetch_add(1, Ordering::Relaxed) + self.skew
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.now.load(Ordering::Relaxed).unsigned_abs())
    }
}

/// The faults of one process, which end with its death.
#[derive(Debug)]
pub struct Process {
    faults: Seeded,
    dead: AtomicBool,
}

impl Process {
    pub fn new(seed: u64, percent: u32) -> Arc<Self> {
        Arc::new(Self { faults: Seeded::new(seed, percent), dead: AtomicBool::new(false) })
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub fn counts(&self) -> Counts {
        self.faults.counts()
    }
}

impl Faults for Process {
    fn next(&self, moment: Moment) -> Fault {
        let fault = self.faults.next(moment);
        if matches!(fault, Fault::CrashBefore | Fault::CrashAfter) {
            self.dead.store(true, Ordering::Relaxed);
        }
        fault
    }
}
