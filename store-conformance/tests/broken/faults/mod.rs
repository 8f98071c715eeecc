//! Every fault there is.

mod capabilities;
mod checkpoints;
mod commits;
mod counts;
mod fences;
mod handles;
mod hangs;
mod many;
mod reads;
mod scans;
mod searches;
mod stale;
mod tasks;
mod values;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use store_conformance::{Place, Subject, anyhow, async_trait};
use store_core::{
    backend::Backend,
    redo::toy::{Break, ToyBackend},
};

use crate::{fault::Fault, recorded, store::BrokenPlace};

/// A fault, which makes a store that is sound a broken one.
pub(crate) struct Broken {
    name: &'static str,
    about: &'static str,
    make: Make,
    patience: Duration,
}

enum Make {
    /// The fault around any store, anew for each place.
    Around(Arc<dyn Fn() -> Arc<dyn Fault> + Send + Sync>),
    /// A rule of the redo-log protocol left out.
    Rule(Break),
}

impl Broken {
    fn new<F: Fault>(name: &'static str, about: &'static str, make: fn() -> F) -> Self {
        let make = Make::Around(Arc::new(move || Arc::new(make())));
        Self { name, about, make, patience: Duration::from_secs(60) }
    }

    fn rule(name: &'static str, about: &'static str, rule: Break) -> Self {
        Self { name, about, make: Make::Rule(rule), patience: Duration::from_secs(60) }
    }

    fn endless(self) -> Self {
        Self { patience: Duration::from_secs(3), ..self }
    }

    /// The fault in a store of this subject's; a rule of the redo-log protocol is broken in the toy always.
    pub(crate) fn within(self, sound: &Subject) -> recorded::Broken {
        let sound = sound.clone();
        let subject = match self.make {
            Make::Around(make) => Subject::new(self.name, move || {
                let (sound, fault) = (sound.clone(), make());
                async move { Ok(BrokenPlace::new(sound.fresh().await?, fault)) }
            }),
            Make::Rule(rule) => Subject::new(self.name, move || async move {
                Ok(Toy(ToyBackend::new().broken(Some(rule))))
            }),
        };
        let Self { name, about, patience, .. } = self;
        recorded::Broken { name, about, subject, patience }
    }
}

struct Toy(ToyBackend);

#[async_trait]
impl Place for Toy {
    async fn open(&self) -> anyhow::Result<Arc<dyn Backend>> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// A lock that no fault is ever stopped within.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets others go on, so many times.
async fn others_go_on(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// All of them; those of searches where the sound stores can search.
pub(crate) fn all(searching: bool) -> Vec<Broken> {
    let families = [
        scans::faults(),
        reads::faults(),
        counts::faults(),
        many::faults(),
        values::faults(),
        commits::faults(),
        checkpoints::faults(),
        fences::faults(),
        handles::faults(),
        tasks::faults(),
        stale::faults(),
        capabilities::faults(),
        hangs::faults(),
        if searching { searches::faults() } else { Vec::new() },
    ];
    families.into_iter().flatten().collect()
}
