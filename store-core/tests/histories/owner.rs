//! The programs of a history: owners that process records, and readers that look on.

use std::{cell::RefCell, sync::Arc};

use futures::{
    TryStreamExt,
    future::{Either, join},
};
use rand::{Rng, SeedableRng, rngs::SmallRng};
use store_core::{Database, Task, prelude::*};

use super::{
    history::Tally,
    model::{self, POSITION, Record, State},
};

static DATA: KeyValue<u8, Vec<u64>> = KeyValue::new("data");

type Data = Arc<dyn KeyValueStore<u8, Vec<u64>>>;

/// What the programs of a history share.
#[derive(Debug)]
pub struct Shared {
    pub records: Vec<Record>,
    pub tally: RefCell<Tally>,
    /// The first thing that must not be.
    pub violation: RefCell<Option<String>>,
}

impl Shared {
    fn violated(&self, what: String) {
        self.violation.borrow_mut().get_or_insert(what);
    }
}

/// How an owner goes on after an error.
enum After {
    /// It may go on from this record.
    GoOn(usize),
    /// It opens the task again, or ends.
    Reopen,
    /// Somebody else has the task.
    Fenced,
}

/// Opens the task and processes what is left of the records, with all that can go wrong.
pub async fn owner(shared: &Shared, database: Database, seed: u64) {
    let mut random = SmallRng::seed_from_u64(seed);
    for _ in 0..3 {
        let opened = database.task("app", 0).store(&DATA).open().await;
        let Ok(task) = opened.inspect_err(|error| judge(shared, error)) else { continue };
        let data = task.store(&DATA).unwrap();
        let mut next = committed(&task);
        loop {
            match process(shared, &task, &data, next, &mut random).await {
                Ok(()) if next == shared.records.len() => return,
                Ok(()) => next = committed(&task).max(next),
                Err(After::GoOn(from)) => next = from,
                Err(After::Reopen) => break,
                Err(After::Fenced) => {
                    shared.tally.borrow_mut().fenced += 1;
                    return;
                }
            }
            next = next.min(shared.records.len());
            if next == shared.records.len() && committed(&task) == next {
                return;
            }
        }
    }
}

fn committed(task: &Task) -> usize {
    let checkpoint = task.checkpoint().unwrap_or_default();
    usize::try_from(checkpoint.offsets.get("s").copied().unwrap_or(0)).unwrap()
}

/// Processes the records from `next` on, up to and including a commit.
async fn process(
    shared: &Shared,
    task: &Task,
    data: &Data,
    mut next: usize,
    random: &mut SmallRng,
) -> Result<(), After> {
    loop {
        let last = next == shared.records.len();
        if last || random.random_ratio(1, 2) {
            let offsets = [("s", i64::try_from(next).unwrap())];
            // The next record may be processed while the commit is on its way.
            let alone = last || random.random_ratio(1, 2);
            let ahead = if alone {
                Either::Left(async { Ok(()) })
            } else {
                Either::Right(apply(shared, data, next))
            };
            let (mut committed, ahead) = join(task.commit(offsets), ahead).await;
            // The same commit again, or else a rollback, which settles it.
            while alone && committed.is_err() && random.random_ratio(1, 2) {
                shared.tally.borrow_mut().sent_again += 1;
                committed = task.commit(offsets).await;
            }
            if let Err(error) = committed {
                return Err(after(shared, task, &error, random).await);
            }
            if let Err(error) = ahead {
                return Err(after(shared, task, &error, random).await);
            }
            // What was processed ahead is thrown away now and then, and else processed again after a rollback.
            return roll_back(shared, task).await;
        }
        if let Err(error) = apply(shared, data, next).await {
            return Err(after(shared, task, &error, random).await);
        }
        next += 1;
    }
}

/// A record is two writes.
async fn apply(shared: &Shared, data: &Data, number: usize) -> Result<(), Error> {
    let number_u64 = number as u64;
    match shared.records[number] {
        Record::Append(key) => {
            let append = |list: Option<Vec<u64>>| {
                let mut list = list.unwrap_or_default();
                list.push(number_u64);
                Some(list)
            };
            data.update(&key, append).await?;
        }
        Record::Delete(key) => drop(data.delete(&key).await?),
    }
    data.put(&POSITION, &vec![number_u64 + 1]).await
}

async fn after(shared: &Shared, task: &Task, error: &Error, random: &mut SmallRng) -> After {
    judge(shared, error);
    if error.kind() == ErrorKind::Fenced {
        return After::Fenced;
    }
    if random.random_ratio(1, 4) {
        return After::Reopen;
    }
    for _ in 0..4 {
        match roll_back(shared, task).await {
            Ok(()) => return After::GoOn(committed(task)),
            Err(After::Fenced) => return After::Fenced,
            Err(_) => {}
        }
    }
    After::Reopen
}

async fn roll_back(shared: &Shared, task: &Task) -> Result<(), After> {
    match task.rollback().await {
        Ok(()) => {
            shared.tally.borrow_mut().rolled_back += 1;
            Ok(())
        }
        Err(error) => {
            judge(shared, &error);
            Err(if error.kind() == ErrorKind::Fenced { After::Fenced } else { After::Reopen })
        }
    }
}

/// Errors that no fault of this database may lead to.
fn judge(shared: &Shared, error: &Error) {
    if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::SequenceGap | ErrorKind::Decode) {
        shared.violated(format!("{}: {error}", error.kind()));
    }
}

/// Looks at the state now and then: it must be that of some number of records, whole.
pub async fn reader(shared: &Shared, database: Database) {
    for _ in 0..4 {
        let Ok(task) = database.read("app", 0).await else { continue };
        let Ok(data) = task.store(&DATA).await else { continue };
        // Point reads and a scan of one page are each of one commit.
        let scanned = data.all().try_collect::<State>().await;
        for state in [read(&*data).await, scanned].into_iter().flatten() {
            check(shared, &state, "a reader");
            shared.tally.borrow_mut().read_whole += 1;
        }
    }
}

async fn read(data: &dyn ReadOnlyKeyValueStore<u8, Vec<u64>>) -> Result<State, Error> {
    let keys = model::keys();
    let values = data.get_many(&keys).await?;
    Ok(keys.into_iter().zip(values).filter_map(|(key, value)| Some((key, value?))).collect())
}

fn check(shared: &Shared, state: &State, who: &str) -> usize {
    let position = state.get(&POSITION).map_or(0, |position| position[0]);
    let position = usize::try_from(position).unwrap();
    let expected = model::state(&shared.records, position);
    if *state != expected {
        shared.violated(format!("{who} sees {state:?}, but {position} records make {expected:?}"));
    }
    position
}

/// Claims at the end, processes what is left, and checks the whole state.
pub async fn last_owner(shared: &Shared, database: Database) {
    let task = match database.task("app", 0).store(&DATA).open().await {
        Ok(task) => task,
        Err(error) => return shared.violated(format!("the last owner cannot open: {error}")),
    };
    let data = task.store(&DATA).unwrap();
    let start = committed(&task);
    for number in start..shared.records.len() {
        if let Err(error) = apply(shared, &data, number).await {
            return shared.violated(format!("the last owner cannot process: {error}"));
        }
    }
    if let Err(error) = task.commit([("s", i64::try_from(shared.records.len()).unwrap())]).await {
        return shared.violated(format!("the last owner cannot commit: {error}"));
    }
    match read(&*data).await {
        Err(error) => shared.violated(format!("the last owner cannot read: {error}")),
        Ok(state) => {
            let position = check(shared, &state, "the last owner");
            if position != shared.records.len() {
                shared.violated(format!("the last owner is at {position}"));
            }
        }
    }
}
