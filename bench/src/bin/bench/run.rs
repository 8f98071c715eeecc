//! Loads the contenders and measures them in turn.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};

use crate::{
    args::Args,
    choice::choices,
    contender::Role,
    data::Data,
    expected::Model,
    progress::Progress,
    row::Row,
    target::{Made, Places, Target},
    work::Work,
};

/// A line and a column of the table.
pub(crate) type Place = (Target, Row, Role);

/// Rates per second by place, one for each round.
pub(crate) type Rates = BTreeMap<Place, Vec<f64>>;

/// A contender, and what is known of it.
struct Entrant {
    target: Target,
    role: Role,
    made: Made,
    model: Model,
    done: HashMap<Row, u64>,
}

/// Measures everything that is asked for.
pub(crate) async fn measure(args: &Args, places: &Places<'_>) -> Result<Rates> {
    let data = Data::new(args.keys, args.value);
    let mut entrants = Vec::new();
    let pairs = args.targets.iter().flat_map(|&at| args.contenders.iter().map(move |&by| (at, by)));
    let pairs: Vec<_> = pairs.collect();
    let progress = Progress::new("loading", pairs.len());
    for (target, role) in pairs {
        progress.step(format_args!("{target:?} {role:?}"));
        let context = || format!("load {role:?} at {target:?}");
        if let Some(mut made) = places.make(target, role).await.with_context(context)? {
            made.contender.load(&data).await.with_context(context)?;
            made.send_away(target, args);
            let (model, done) = (Model::new(data.keys), HashMap::new());
            entrants.push(Entrant { target, role, made, model, done });
        }
    }
    progress.end();
    let mut rates = Rates::new();
    let progress = Progress::new("measuring", args.rows.len() * args.rounds * entrants.len());
    for &row in &args.rows {
        for round in 0..args.rounds {
            let choices = choices(row, round, &data)?;
            // Nobody is always the one after somebody who left work behind.
            for at in 0..entrants.len() {
                let count = entrants.len();
                let entrant = &mut entrants[(at + round) % count];
                progress.step(format_args!("{row:?} {:?} {:?}", entrant.target, entrant.role));
                if !entrant.made.contender.does(row) {
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
                let rate = entrant.measure(&work).await.with_context(|| {
                    format!("{row:?} of {:?} at {:?}", entrant.role, entrant.target)
                })?;
                rates.entry((entrant.target, row, entrant.role)).or_default().push(rate);
            }
        }
    }
    progress.end();
    Ok(rates)
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
