//! Loads the contenders and measures them in turn.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};

use crate::{
    args::Args,
    choice::choices,
    commits::{Commits, Parts},
    contender::Role,
    data::Data,
    expected::Model,
    machine,
    places::{Made, Places},
    progress::Progress,
    row::Row,
    target::Target,
    work::Work,
};

/// A line and a column of the table.
pub(crate) type Place = (Target, Row, Role);

/// Rates per second by place, one for each round.
pub(crate) type Rates = BTreeMap<Place, Vec<f64>>;

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) rates: Rates,
    /// How long the parts of commits took, over all rounds; for our own stores only.
    pub(crate) commits: BTreeMap<Place, Parts>,
}

/// A contender, and what is known of it.
struct Entrant {
    target: Target,
    role: Role,
    made: Made,
    model: Model,
    done: HashMap<Row, u64>,
}

/// Measures everything that is asked for.
pub(crate) async fn measure(args: &Args, places: &Places<'_>) -> Result<Measured> {
    let commits = Commits::record()?;
    let data = Data::new(args.keys, args.value);
    let mut entrants = load(args, places, &data).await?;
    places.settle().await?;
    let mut measured = Measured::default();
    let progress = Progress::new("measuring", args.rows.len() * args.rounds * entrants.len());
    for &row in &args.rows {
        for round in 0..args.rounds {
            let choices = choices(row, round, &data)?;
            // Nobody is always the one after somebody who left work behind.
            for at in 0..entrants.len() {
                let count = entrants.len();
                let entrant = &mut entrants[(at + round) % count];
                progress.step(format_args!("{row:?} {:?} {:?}", entrant.target, entrant.role));
                let place = (entrant.target, row, entrant.role);
                if !entrant.made.contender.does(row) || !args.wants(place) {
                    continue;
                }
                let work = Work {
                    row,
                    data: data.clone(),
                    choices: choices.clone(),
                    done: entrant.done.get(&row).copied().unwrap_or(0),
                    duration: args.duration(),
                    batch: args.batch,
                    commit_interval: std::time::Duration::from_millis(args.commit_interval_ms),
                };
                machine::settle(work.duration).await;
                commits.take();
                let rate = entrant.measure(&work).await.with_context(|| {
                    format!("{row:?} of {:?} at {:?}", entrant.role, entrant.target)
                })?;
                measured.rates.entry(place).or_default().push(rate);
                *measured.commits.entry(place).or_default() += commits.take();
            }
        }
    }
    progress.end();
    measured.commits.retain(|_, parts| parts.commits() > 0);
    Ok(measured)
}

/// Makes everybody who has something to do, and gives them their data.
async fn load(args: &Args, places: &Places<'_>, data: &Data) -> Result<Vec<Entrant>> {
    let mut entrants = Vec::new();
    let pairs = args.targets.iter().flat_map(|&at| args.contenders.iter().map(move |&by| (at, by)));
    let pairs: Vec<_> = pairs.collect();
    let progress = Progress::new("loading", pairs.len());
    for (target, role) in pairs {
        progress.step(format_args!("{target:?} {role:?}"));
        let context = || format!("load {role:?} at {target:?}");
        let rows = args.rows.iter().filter(|row| args.wants((target, **row, role)));
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            continue;
        }
        if let Some(mut made) = places.make(target, role).await.with_context(context)? {
            let timed = rows.iter().any(|row| row.is_timed());
            made.contender.load(data, timed).await.with_context(context)?;
            let made = places.merged(made, target, role).await.with_context(context)?;
            made.send_away(target, args);
            let (model, done) = (Model::new(data.keys), HashMap::new());
            entrants.push(Entrant { target, role, made, model, done });
        }
    }
    progress.end();
    Ok(entrants)
}

impl Entrant {
    /// Things per second; an error where the work was not done right.
    async fn measure(&mut self, work: &Work) -> Result<f64> {
        let outcome = self.made.contender.run(work).await?;
        self.model.check(work, &outcome)?;
        *self.done.entry(work.row).or_default() += outcome.operations;
        let counted = match work.row {
            Row::Range | Row::Scan => outcome.items,
            _ => outcome.operations,
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate has few digits")]
        Ok(counted as f64 / outcome.seconds)
    }
}
