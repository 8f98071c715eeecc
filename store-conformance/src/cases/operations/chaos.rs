//! Random operations over a line on which calls are refused, lost, or arrive late (R20).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store_core::{
    Task,
    layers::{Fault, Faults},
    prelude::*,
};

use crate::{
    Context, Outcome,
    cases::tools::{Store, bytes, faulty, open, open_on, rows},
};

type Model = BTreeMap<Bytes, Bytes>;

/// What the process knows: what it has written, and what its last commit would leave.
struct Work {
    line: Faults,
    task: Task,
    store: Store,
    random: StdRng,
    written: Model,
    committed: Model,
    sequence: u64,
    faults: u64,
}

const FAULTS: [Fault; 4] = [Fault::Refused, Fault::LostRequest, Fault::LostReply, Fault::Late];

impl Work {
    async fn open(context: &Context, committed: Model, random: StdRng) -> Result<Self> {
        let (line, database) = faulty(context).await?;
        let (task, store) = open_on(&database).await?;
        let (sequence, written) = (task.checkpoint()?.sequence, committed.clone());
        Ok(Self { line, task, store, random, written, committed, sequence, faults: 0 })
    }

    fn fault(&mut self, often: f64, kinds: usize) -> Option<Fault> {
        let fault = FAULTS[self.random.random_range(0..kinds)];
        let fails = self.random.random_bool(often);
        self.faults += u64::from(fails);
        fails.then_some(fault)
    }

    async fn step(&mut self) -> Result<()> {
        let key = bytes([self.random.random_range(0..12_u8)]);
        let value = bytes(self.random.random::<u32>().to_be_bytes());
        let read = self.fault(0.1, 3);
        self.line.reads(read);
        match self.random.random_range(0..10) {
            0..3 => {
                self.store.put(&key, &value).await?;
                self.written.insert(key, value);
            }
            3 => {
                if let Some(old) = answered(self.store.delete(&key).await)? {
                    ensure!(old == self.written.remove(&key), "an old value that was none");
                }
            }
            4 => {
                let grow =
                    |old: Option<Bytes>| Some([&old.unwrap_or_default()[..], b"x"].concat().into());
                if answered(self.store.update(&key, grow).await)?.is_some() {
                    let new = grow(self.written.get(&key).cloned()).unwrap_or_default();
                    self.written.insert(key, new);
                }
            }
            5 => {
                let found = answered(self.store.get(&key).await)?;
                ensure!(
                    found.is_none_or(|found| found.as_ref() == self.written.get(&key)),
                    "a get"
                );
            }
            6 => match rows(self.store.all()).await {
                Ok(found) => ensure!(found.into_iter().eq(self.written.clone()), "a scan"),
                Err(error) => drop(answered::<()>(Err(error.downcast()?))?),
            },
            7 => self.roll_back().await?,
            _ => self.commit().await?,
        }
        if self.random.random_bool(0.1) {
            // Whatever these are told, they change nothing: their numbers are settled, or will be by the same bytes.
            drop(self.line.deliver().await);
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<()> {
        let (commit, apply) = (self.fault(0.3, 4), self.fault(0.1, 3));
        self.line.commits(commit);
        self.line.applies(apply);
        let mut tries = 0;
        loop {
            match self.task.commit(()).await {
                Ok(()) => break,
                Err(error) => ensure!(answered::<()>(Err(error))?.is_none()),
            }
            tries += 1;
            ensure!(tries < 10, "a commit that never works");
            if self.random.random_bool(0.3) {
                return self.roll_back().await;
            }
        }
        self.committed.clone_from(&self.written);
        self.sequence = self.task.checkpoint()?.sequence;
        Ok(())
    }

    /// What was sent and not known by then counts, if it was decided.
    async fn roll_back(&mut self) -> Result<()> {
        let mut tries = 0;
        while let Err(error) = self.task.rollback().await {
            ensure!(answered::<()>(Err(error))?.is_none());
            tries += 1;
            ensure!(tries < 10, "a rollback that never works");
        }
        let sequence = self.task.checkpoint()?.sequence;
        if sequence > self.sequence {
            ensure!(sequence == self.sequence + 1, "{sequence} after {}", self.sequence);
            self.committed.clone_from(&self.written);
        }
        self.sequence = sequence;
        self.written.clone_from(&self.committed);
        Ok(())
    }
}

/// The answer, if there was one; an error that cannot be tried again is one of the case.
fn answered<T>(answer: store_core::Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_retryable() => Ok(None),
        Err(error) => Err(error).context("an error that should not come"),
    }
}

pub(crate) async fn of_all_faults(context: Context) -> Result<Outcome> {
    // Each commit costs what a disk takes its time for.
    let steps = if context.capabilities().await?.persistent { 400 } else { 4000 };
    let random = StdRng::seed_from_u64(context.seed);
    let mut work = Work::open(&context, Model::new(), random).await?;
    let mut faults = 0;
    for step in 0..steps {
        let stepped = work.step().await;
        stepped.with_context(|| format!("seed {}, step {step}", context.seed))?;
        if step % 97 == 0 {
            // The process dies: another goes on from what is committed, and what is on its way to the backend arrives.
            let Work { line, committed, random, faults: met, .. } = work;
            faults += met;
            work = Work::open(&context, committed, random).await?;
            drop(line.deliver().await);
        }
    }
    ensure!(faults + work.faults > 30, "only {} faults", faults + work.faults);
    let committed = work.committed.clone();
    drop(work);
    let found: Model = rows(open(&context).await?.1.all()).await?.into_iter().collect();
    ensure!(found == committed, "seed {}: {found:?} of {committed:?}", context.seed);
    Ok(Outcome::PassedBy(format!("{steps} random operations")))
}
