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

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "open",
        action: operation::Action::Open,
        members: &[Member::new("stores", Holds::Stores), Member::optional("adopt", Holds::Flag)],
        reads: false,
        about: "claim the task with these stores",
    },
    Operation {
        name: "commit",
        action: operation::Action::Task(Action::Commit),
        members: &[Member::optional("offsets", Holds::Offsets)],
        reads: false,
        about: "make writes and offsets durable, together",
    },
    Operation {
        name: "rollback",
        action: operation::Action::Task(Action::Rollback),
        members: &[],
        reads: false,
        about: "throw away what is not committed",
    },
    Operation {
        name: "checkpoint",
        action: operation::Action::Task(Action::Checkpoint),
        members: &[],
        reads: false,
        about: "show number and offsets of the last commit",
    },
    Operation {
        name: "close",
        action: operation::Action::Close,
        members: &[],
        reads: false,
        about: "give the task up; throws away what is not committed",
    },
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
