//! Every fault there is.

mod capabilities;
mod checkpoints;
mod commits;
mod fences;
mod handles;
mod hangs;
mod reads;
mod scans;
mod searches;
mod stale;
mod tasks;
mod values;

use std::{sync::Arc, time::Duration};

use store_conformance::{Place, Subject, anyhow, async_trait};
use store_core::{
    backend::Backend,
    redo::toy::{Break, ToyBackend},
};

pub(crate) use crate::recorded::Broken;
use crate::{fault::Fault, store::BrokenPlace};

impl Broken {
    fn new<F: Fault>(name: &'static str, about: &'static str, make: fn() -> F) -> Self {
        let subject = Subject::new(name, move || {
            let fault = Arc::new(make());
            async move { Ok(BrokenPlace::new(fault)) }
        });
        Self { name, about, subject, patience: Duration::from_secs(60) }
    }

    /// A rule of the redo-log protocol left out.
    fn rule(name: &'static str, about: &'static str, rule: Break) -> Self {
        let subject =
            Subject::new(
                name,
                move || async move { Ok(Toy(ToyBackend::new().broken(Some(rule)))) },
            );
        Self { name, about, subject, patience: Duration::from_secs(60) }
    }

    fn endless(self) -> Self {
        Self { patience: Duration::from_secs(3), ..self }
    }
}

struct Toy(ToyBackend);

#[async_trait]
impl Place for Toy {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Broken> {
    let families = [
        scans::faults(),
        reads::faults(),
        values::faults(),
        commits::faults(),
        checkpoints::faults(),
        fences::faults(),
        handles::faults(),
        tasks::faults(),
        stale::faults(),
        capabilities::faults(),
        hangs::faults(),
        searches::faults(),
    ];
    families.into_iter().flatten().collect()
}
