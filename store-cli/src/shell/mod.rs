//! Works a claimed task by commands.
//!
//! The protocol is written down in `docs/shell.md`.

mod data;
mod definition;
mod key_value;
mod reply;
mod request;
mod serve;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use serde_json::{Value, json};
use store::{Database, Error, ErrorKind, Offsets, Result, Task, stores::key_value::KeyValueStore};

pub use self::{data::Data, serve::serve};
use self::{definition::AsStored, reply::Reply, request::Request};

type Stores = BTreeMap<String, Arc<dyn KeyValueStore<Bytes, Bytes>>>;

/// One session: a task that is opened, worked and closed by requests.
#[derive(Debug)]
pub struct Session {
    database: Database,
    application: String,
    partition: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    task: Task,
    stores: Stores,
}

/// Every operation of the protocol, for completion.
pub use self::request::OPERATIONS;

impl Session {
    /// A session on a task, which the first `open` request claims.
    #[must_use]
    pub fn new(database: Database, application: impl Into<String>, partition: u32) -> Self {
        Self { database, application: application.into(), partition, open: None }
    }

    /// The names of the open stores.
    pub fn stores(&self) -> impl Iterator<Item = &str> {
        self.open.iter().flat_map(|open| open.stores.keys()).map(String::as_str)
    }

    /// Answers one line of JSON with one line of JSON, without the line end. Never fails otherwise.
    pub async fn answer(&mut self, line: &[u8]) -> String {
        let reply = match Request::parse(line) {
            Ok(request) => Reply::from(self.execute(request).await),
            Err(error) => Reply::from(Err(error)),
        };
        reply.to_line()
    }

    async fn execute(&mut self, request: Request) -> Result<Value> {
        match request {
            Request::Open { stores, adopt } => self.open(&stores, adopt).await,
            Request::Close {} => {
                let open = self.open.take().ok_or_else(not_open)?;
                open.task.close().await?;
                Ok(Value::Null)
            }
            Request::Commit { offsets } => {
                let offsets: Offsets = offsets.unwrap_or_default().into();
                self.task()?.commit(offsets).await?;
                Ok(Value::Null)
            }
            Request::Rollback {} => {
                self.task()?.rollback().await?;
                Ok(Value::Null)
            }
            Request::Checkpoint {} => {
                let checkpoint = self.task()?.checkpoint()?;
                let (sequence, offsets) = (checkpoint.sequence, checkpoint.offsets);
                Ok(json!({ "sequence": sequence, "offsets": offsets }))
            }
            Request::KeyValue(store, operation) => {
                let stores = &self.open.as_ref().ok_or_else(not_open)?.stores;
                let found = stores.get(&store).ok_or_else(|| {
                    let hint = request::hint(&store, stores.keys().map(String::as_str));
                    invalid(format!("no store {store:?} is open{hint}"))
                })?;
                key_value::execute(&**found, operation).await
            }
        }
    }

    fn task(&self) -> Result<&Task> {
        Ok(&self.open.as_ref().ok_or_else(not_open)?.task)
    }

    async fn open(&mut self, stores: &[request::StoreRequest], adopt: bool) -> Result<Value> {
        if self.open.is_some() {
            return Err(invalid("the task is open already: close it first"));
        }
        let recorded = match self.database.read(&self.application, self.partition).await {
            Ok(task) => task.checkpoint().await?,
            Err(error) if error.kind() == ErrorKind::NotFound => Default::default(),
            Err(error) => return Err(error),
        };
        let definitions = stores.iter().map(|store| AsStored::new(store, adopt, &recorded));
        let definitions = definitions.collect::<Result<Vec<_>>>()?;
        let task = self.database.task(&self.application, self.partition);
        let task = definitions.iter().fold(task, |task, definition| task.store(definition));
        let task = task.open().await?;
        let store = |definition: &AsStored| Ok((definition.name(), task.store(definition)?));
        let stores = definitions.iter().map(store).collect::<Result<_>>()?;
        self.open = Some(Open { task, stores });
        Ok(Value::Null)
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

fn not_open() -> Error {
    Error::new(ErrorKind::Closed, "the task is not open: send an open request first")
}
