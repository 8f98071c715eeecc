//! Operations on the task itself.

use store::{Offsets, Result, Task};

use super::{
    Value,
    members::Members,
    operation::{self, Holds, Member, Operation},
};

/// What can be done with an open task.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Commit,
    Rollback,
    Checkpoint,
}

const fn operation(
    name: &'static str,
    action: Action,
    members: &'static [Member],
    about: &'static str,
) -> Operation {
    Operation::new(name, operation::Action::Task(action), members, about)
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new(
        "open",
        operation::Action::Open,
        &[Member::new("stores", Holds::Stores), Member::optional("adopt", Holds::Flag)],
        "claim the task with these stores",
    ),
    operation(
        "commit",
        Action::Commit,
        &[Member::optional("offsets", Holds::Offsets)],
        "make writes and offsets durable, together",
    ),
    operation("rollback", Action::Rollback, &[], "throw away what is not committed"),
    operation("checkpoint", Action::Checkpoint, &[], "show number and offsets of the last commit"),
    Operation::new(
        "close",
        operation::Action::Close,
        &[],
        "give the task up; throws away what is not committed",
    ),
];

/// Runs an operation of an open task.
pub(super) async fn run(action: Action, task: &Task, mut members: Members) -> Result<Value> {
    match action {
        Action::Commit => {
            let offsets = members.offsets("offsets")?;
            task.commit(offsets.into_iter().collect::<Offsets>()).await?;
            Ok(Value::Null)
        }
        Action::Rollback => task.rollback().await.map(|()| Value::Null),
        Action::Checkpoint => checkpoint(task),
    }
}

fn checkpoint(task: &Task) -> Result<Value> {
    let checkpoint = task.checkpoint()?;
    let offset = |(source, offset)| (source, Value::Number(i128::from(offset)));
    let offsets = checkpoint.offsets.into_iter().map(offset).collect();
    Ok(Value::Object(vec![
        ("sequence".to_owned(), Value::Number(checkpoint.sequence.into())),
        ("offsets".to_owned(), Value::Object(offsets)),
    ]))
}
