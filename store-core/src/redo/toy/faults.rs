//! What can go wrong on the way to the toy database and back.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Mutex, PoisonError},
};

use rand::{Rng, SeedableRng, rngs::SmallRng};

use crate::redo::Step;

/// When a fault is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "an injector decides on each")]
pub enum Moment {
    /// A request that changes something.
    Change,
    /// A request that reads.
    Read,
    /// A step of the protocol was reached: only a crash makes sense.
    Step(Step),
}

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_enums, reason = "the toy does each")]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// The process dies before the request is sent.
    CrashBefore,
    /// The process dies after the request has arrived.
    CrashAfter,
    /// The request takes effect and the answer is lost.
    LostReply,
    /// The answer is lost; the request arrives so many times later, or never for 0.
    Late(u8),
    /// The request is refused without effect.
    Refused,
    /// The request takes effect and is said to have none. Not among those by chance: no database may do that.
    Misreported,
}

/// Decides about faults; each process has its own.
pub trait Faults: Debug + Send + Sync + 'static {
    /// What happens now.
    fn next(&self, moment: Moment) -> Fault;
}

/// How often each fault came at each moment.
pub type Counts = BTreeMap<(Moment, Fault), u64>;

/// Faults by chance, the same for the same seed.
#[derive(Debug)]
pub struct Seeded {
    state: Mutex<(SmallRng, Counts)>,
    percent: u32,
}

impl Seeded {
    /// So many percent of all requests meet a fault.
    #[must_use]
    pub fn new(seed: u64, percent: u32) -> Self {
        let random = SmallRng::seed_from_u64(seed);
        Self { state: Mutex::new((random, BTreeMap::new())), percent }
    }

    /// How often each fault came at each moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

impl Faults for Seeded {
    fn next(&self, moment: Moment) -> Fault {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let random = &mut state.0;
        let fault = match moment {
            _ if !random.random_ratio(self.percent, 100) => Fault::None,
            // Steps are many, and a death ends it all.
            Moment::Step(_) if random.random_ratio(1, 4) => Fault::CrashBefore,
            Moment::Step(_) => Fault::None,
            Moment::Read => match random.random_range(0..6) {
                0 => Fault::CrashBefore,
                1..4 => Fault::LostReply,
                _ => Fault::Refused,
            },
            Moment::Change => match random.random_range(0..12) {
                0 => Fault::CrashBefore,
                1 => Fault::CrashAfter,
                2..5 => Fault::LostReply,
                5..10 => Fault::Late(random.random_range(0..3)),
                _ => Fault::Refused,
            },
        };
        if fault != Fault::None {
            *state.1.entry((moment, fault)).or_default() += 1;
        }
        fault
    }
}
