//! Many rounds: what is planned by a seed, done, and counted.

use std::{path::Path, time::Instant};

use clap::Args;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{
    record::mix,
    round::Round,
    site::Site,
    steps::Fault,
    tally::{Kind, Tally},
};

/// What to do.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// What everything is made of; the same seed makes the same choices again.
    #[arg(long)]
    pub seed: u64,
    /// How often a worker dies; of every other kind there are a quarter as many cycles.
    #[arg(long, default_value_t = 200)]
    pub cycles: u64,
    /// Only cycles of this kind, as many as `--cycles` says.
    #[arg(long, value_enum)]
    pub only: Option<Kind>,
    /// Workers that die at a step die at this one.
    #[arg(long)]
    pub step: Option<String>,
    /// Only this round of the run.
    #[arg(long)]
    pub round: Option<u64>,
    /// A fault in the backend, to see that it is noticed.
    #[arg(long, value_enum, default_value_t)]
    pub fault: Fault,
    /// Fail points that are on in every worker, as the `fail` crate writes them, such as `engine::offsets-lost=return`.
    #[arg(long, default_value = "")]
    pub fail_points: String,
}

impl Options {
    /// Everything by a seed, this often.
    #[must_use]
    pub const fn new(seed: u64, cycles: u64) -> Self {
        Self {
            seed,
            cycles,
            only: None,
            step: None,
            round: None,
            fault: Fault::None,
            fail_points: String::new(),
        }
    }

    /// The command that does a round again.
    fn again(&self, site: &str, round: u64) -> String {
        let only = self.only.map_or_else(String::new, |only| format!(" --only {}", only.name()));
        let step = self.step.as_ref().map_or_else(String::new, |step| format!(" --step {step}"));
        format!(
            "crash --site {site} --seed {} --cycles {}{only}{step} --round {round}",
            self.seed, self.cycles
        )
    }
}

/// Cycles on one task, before the next one begins anew.
const ROUND: usize = 10;

/// Does a run; `program` is what a worker is started by. Failures are in the tally, and printed as they come.
pub async fn run(site: &mut dyn Site, program: &Path, options: &Options) -> Tally {
    let mut tally = Tally::default();
    let plan = plan(site, options);
    for (number, kinds) in (0..).zip(plan.chunks(ROUND)) {
        if options.round.is_some_and(|only| only != number) {
            continue;
        }
        let start = Instant::now();
        let round = Round::new(site, &mut tally, options, program, number);
        if let Err((kind, violation)) = round.run(kinds).await {
            let again = options.again(site.name(), number);
            eprintln!("round {number}, {}: {violation}\n  again: {again}", kind.name());
            tally.failed(number, kind, violation);
        }
        eprintln!("round {number}: {} cycles, {:.1} s", kinds.len(), start.elapsed().as_secs_f64());
    }
    tally
}

/// Every cycle of a run, in order.
fn plan(site: &mut dyn Site, options: &Options) -> Vec<Kind> {
    let repeat = |kind, count: u64| (0..count).map(move |_| kind);
    if let Some(only) = options.only {
        return repeat(only, options.cycles).collect();
    }
    let quarter = options.cycles.div_ceil(4);
    let kinds = match site.server() {
        Some(server) if server.forgets() => {
            return repeat(Kind::Forgotten, options.cycles).collect();
        }
        Some(_) => &[
            Kind::Duel,
            Kind::ServerKill,
            Kind::ServerRestart,
            Kind::ServerStop,
            Kind::CutOff,
            Kind::Lost,
        ][..],
        None => &[Kind::Duel],
    };
    let mut plan: Vec<_> = kinds.iter().flat_map(|kind| repeat(*kind, quarter)).collect();
    plan.extend(repeat(Kind::Step, options.cycles - options.cycles / 2));
    plan.extend(repeat(Kind::Kill, options.cycles / 2));
    plan.shuffle(&mut StdRng::seed_from_u64(mix(options.seed, u64::MAX)));
    plan
}
