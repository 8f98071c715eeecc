//! Faults at random, by a seed.

use rand::{Rng, SeedableRng, rngs::StdRng};

use super::Fault;

/// How likely each fault is, from 0 (never) to 1 (always); their sum is at most 1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Odds {
    /// [`Fault::Refused`].
    pub refused: f64,
    /// [`Fault::LostRequest`].
    pub lost_request: f64,
    /// [`Fault::LostReply`].
    pub lost_reply: f64,
    /// For how many turns a call lets others go first, at most: once before it is sent, and once before its answer is told.
    pub turns: u32,
}

impl Odds {
    /// Nothing happens.
    pub const NONE: Self = Self { refused: 0.0, lost_request: 0.0, lost_reply: 0.0, turns: 0 };

    /// Each fault with this probability, and delays of a few turns.
    #[must_use]
    pub const fn each(probability: f64) -> Self {
        Self { refused: probability, lost_request: probability, lost_reply: probability, turns: 3 }
    }

    /// Delays only, of at most so many turns.
    #[must_use]
    pub const fn delays(turns: u32) -> Self {
        Self { turns, ..Self::NONE }
    }
}

/// Draws what calls meet.
#[derive(Debug)]
pub(super) struct Draws {
    random: StdRng,
    odds: Odds,
}

impl Draws {
    pub(super) fn new(seed: u64, odds: Odds) -> Self {
        Self { random: StdRng::seed_from_u64(seed), odds }
    }

    /// What a call meets, and for how many turns it is delayed before and after.
    pub(super) fn next(&mut self) -> (Fault, [u32; 2]) {
        let Odds { refused, lost_request, lost_reply, turns } = self.odds;
        let turns = [(); 2].map(|()| self.random.random_range(0..=turns));
        let mut rest = self.random.random_range(0.0..1.0);
        for (odds, fault) in [
            (refused, Fault::Refused),
            (lost_request, Fault::LostRequest),
            (lost_reply, Fault::LostReply),
        ] {
            if rest < odds {
                return (fault, turns);
            }
            rest -= odds;
        }
        (Fault::None, turns)
    }
}
