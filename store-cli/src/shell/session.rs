//! The state of a conversation: a task that is not yet open, open, or closed.

use store::{
    Database, Error, ErrorKind, Result,
    backend::{StoreSpec, TaskId},
};

use super::{
    Reply, Value, kinds,
    members::{Members, invalid, request},
    node::Node,
    operation::{Action, Operation},
    stores::{self, Opened},
    task,
};

/// Works one task by lines of the protocol.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use store_cli::shell::Session;
///
/// let database = store::connect("memory:").await?;
/// let mut session = Session::new(database, "word-count", 0);
/// session.answer(br#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}"#).await;
/// session.answer(br#"{"op":"put","store":"c","key":"a","value":"1"}"#).await;
/// let reply = session.answer(br#"{"op":"get","store":"c","key":"a"}"#).await;
/// assert_eq!(reply, r#"{"ok":"1"}"#);
/// # Ok::<_, store::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Session {
    source: Source,
    application: String,
    partition: u32,
    state: State,
}

#[derive(Debug)]
enum Source {
    Database(Database),
    /// Connected to by the first `open` that can.
    Url(String),
}

#[derive(Debug)]
enum State {
    New,
    Open(Opened),
    Closed,
}

impl Session {
    /// A session on a task of a database; `open` checks its name and claims it.
    #[must_use]
    pub fn new(database: Database, application: impl Into<String>, partition: u32) -> Self {
        Self::of(Source::Database(database), application.into(), partition)
    }

    /// A session whose `open` connects first, again and again until it succeeds.
    #[must_use]
    pub fn unconnected(url: String, application: impl Into<String>, partition: u32) -> Self {
        Self::of(Source::Url(url), application.into(), partition)
    }

    const fn of(source: Source, application: String, partition: u32) -> Self {
        Self { source, application, partition, state: State::New }
    }

    /// Which task, as messages name it.
    #[must_use]
    pub fn task(&self) -> String {
        format!("{}/{}", self.application, self.partition)
    }

    /// The names of the open stores, ascending.
    #[must_use]
    pub fn stores(&self) -> Vec<&str> {
        match &self.state {
            State::Open(opened) => opened.names().collect(),
            State::New | State::Closed => Vec::new(),
        }
    }

    /// Whether the task is open and holds writes that are not committed.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        matches!(&self.state, State::Open(opened) if opened.task.buffered_bytes() > 0)
    }

    /// Whether the task is open.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// The stores recorded with the task, read without claiming it.
    pub(crate) async fn recorded(&mut self) -> Result<Vec<StoreSpec>> {
        let database = self.database().await?;
        let id = TaskId::new(&self.application, self.partition)?;
        let stores = stores::recorded(&database, &id).await?.stores;
        Ok(stores.into_values().map(|state| state.spec).collect())
    }

    /// Answers one line, with or without its end, by one line of JSON without its end.
    ///
    /// Never fails: what is wrong is the reply. A dropped future leaves the operation as the store's own does.
    pub async fn answer(&mut self, line: &[u8]) -> String {
        self.reply(line).await.to_string()
    }

    /// As [`answer`](Self::answer), and gives what is answered as values.
    pub async fn reply(&mut self, line: &[u8]) -> Reply {
        match parse(line) {
            Ok(node) => self.request(node).await,
            Err(error) => Reply::from(Err(error)),
        }
    }

    /// Answers one request.
    pub(crate) async fn request(&mut self, line: Node) -> Reply {
        let result = match request(line) {
            Ok((operation, members)) => self.execute(operation, members).await,
            Err(error) => Err(error),
        };
        Reply::from(result)
    }

    /// Gives the task up; what is not committed is discarded. The session can be used again.
    pub async fn close(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::New | State::Closed => Ok(()),
            State::Open(opened) => opened.task.close().await,
        }
    }

    async fn execute(&mut self, operation: &Operation, mut members: Members) -> Result<Value> {
        match operation.action {
            Action::Open => self.open(members).await,
            Action::Close => self.close_open(operation).await,
            Action::Task(action) => task::run(action, &self.opened(operation)?.task, members).await,
            Action::Store(action) => {
                let opened = self.opened(operation)?;
                let name = members.text("store")?;
                let store = (&*name, opened.store(&name)?);
                kinds::run((operation, action), store, members).await
            }
        }
    }

    /// Closing twice is fine, closing what was never open is not.
    async fn close_open(&mut self, operation: &Operation) -> Result<Value> {
        if matches!(self.state, State::New) {
            self.opened(operation)?;
        }
        self.close().await.map(|()| Value::Null)
    }

    fn opened(&self, operation: &Operation) -> Result<&Opened> {
        match &self.state {
            State::Open(opened) => Ok(opened),
            State::New => {
                Err(invalid(format!("{} needs an open task: open it first", operation.name)))
            }
            State::Closed => {
                let message = format!("task {} is closed: open it again", self.task());
                Err(Error::new(ErrorKind::Closed, message))
            }
        }
    }

    async fn open(&mut self, members: Members) -> Result<Value> {
        if self.is_open() {
            return Err(invalid(format!("task {} is open already: close it first", self.task())));
        }
        let id = TaskId::new(&self.application, self.partition)?;
        let database = self.database().await?;
        self.state = State::Open(Opened::open(&database, &id, members).await?);
        Ok(Value::Null)
    }

    /// The database, connected to where it is not yet.
    pub(crate) async fn database(&mut self) -> Result<Database> {
        let database = match &self.source {
            Source::Database(database) => return Ok(database.clone()),
            Source::Url(url) => store::connect(url).await?,
        };
        self.source = Source::Database(database.clone());
        Ok(database)
    }
}

fn parse(line: &[u8]) -> Result<Node> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let message = format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1);
        invalid(message).with_source(error)
    })?;
    if text.trim().is_empty() {
        return Err(invalid("the line is empty: each line is one JSON object"));
    }
    serde_json::from_str(text)
        .map_err(|error| invalid("the line is not valid JSON").with_source(error))
}
