//! A backend in another process.

use std::{
    collections::HashMap,
    fmt,
    io::Result as IoResult,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Effect, Error, ErrorKind, Result,
    backend::{
        Backend, Capabilities, Checkpoint, Claim, Commit, KeyRange, MapId, Name, Order, OwnerId,
        Page, PageLimit, Searcher, StoreSpec, TaskId, TaskReader, TaskSummary, TaskWriter,
    },
};
use tokio::sync::oneshot;

use super::{
    FOLDER, frames,
    message::{Reply, Request, range},
};

/// The process, as long as it lives.
pub(crate) struct Process {
    child: Mutex<Child>,
    input: Mutex<ChildStdin>,
    waiting: Arc<Mutex<Waiting>>,
    next: AtomicU64,
}

/// Who waits for the answer to which request; nobody may once the process has ended.
type Waiting = Option<HashMap<u64, oneshot::Sender<Reply>>>;

impl Process {
    /// Starts this program again, to serve a folder.
    pub(crate) fn start(folder: &Path) -> IoResult<Arc<Self>> {
        let mut child = Command::new(std::env::current_exe()?)
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().ok_or_else(|| std::io::Error::other("no input"))?;
        let output = child.stdout.take().ok_or_else(|| std::io::Error::other("no output"))?;
        let waiting = Arc::new(Mutex::new(Some(HashMap::new())));
        let told = waiting.clone();
        thread::spawn(move || listen(output, &told));
        let (child, input) = (Mutex::new(child), Mutex::new(input));
        Ok(Arc::new(Self { child, input, waiting, next: AtomicU64::new(0) }))
    }

    /// Ends it by SIGKILL, and returns when it has ended.
    pub(crate) fn kill(&self) -> IoResult<()> {
        let mut child = lock(&self.child);
        child.kill()?;
        child.wait().map(drop)
    }

    fn send(&self, number: u64, request: &Request) -> Result<()> {
        frames::write(&mut *lock(&self.input), &(number, request))
            .map_err(|error| gone().with_source(error).with_effect(Effect::NotApplied))
    }

    async fn ask(&self, request: Request) -> Result<Reply> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        match &mut *lock(&self.waiting) {
            Some(waiting) => drop(waiting.insert(number, answer)),
            None => return Err(gone().with_effect(Effect::NotApplied)),
        }
        let mut asked = Asked { process: self, number, ended: false };
        self.send(number, &request)?;
        let reply = answered.await;
        asked.ended = true;
        reply.map_err(|error| gone().with_source(error))?.succeeded()
    }

    async fn done(&self, request: Request) -> Result<()> {
        self.ask(request).await.map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

/// A request; where nobody waits for its answer any more the process is told.
struct Asked<'a> {
    process: &'a Process,
    number: u64,
    ended: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if !self.ended {
            if let Some(waiting) = &mut *lock(&self.process.waiting) {
                waiting.remove(&self.number);
            }
            let _ = self.process.send(0, &Request::Cancel(self.number));
        }
    }
}

fn listen(mut output: ChildStdout, waiting: &Mutex<Waiting>) {
    while let Ok((number, reply)) = frames::read::<(u64, Reply)>(&mut output) {
        let asked = lock(waiting).as_mut().and_then(|waiting| waiting.remove(&number));
        if let Some(asked) = asked {
            let _ = asked.send(reply);
        }
    }
    // Whoever still waits learns that the process is gone.
    *lock(waiting) = None;
}

fn gone() -> Error {
    Error::new(ErrorKind::Unavailable, "the process that has the state is gone")
}

fn other() -> Error {
    Error::new(ErrorKind::Corrupt, "the process answers something else than was asked")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle in the process; released there when this goes.
#[derive(Debug)]
struct Handle {
    process: Arc<Process>,
    number: u64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let _ = self.process.send(0, &Request::Release(self.number));
    }
}

/// A handle of a backend in another process.
#[derive(Debug)]
pub(crate) struct RemoteBackend(Handle);

impl RemoteBackend {
    /// Opens a handle there.
    pub(crate) async fn open(process: Arc<Process>) -> Result<Self> {
        match process.ask(Request::Open).await? {
            Reply::Handle(number) => Ok(Self(Handle { process, number })),
            _ => Err(other()),
        }
    }

    async fn task(&self, request: Request) -> Result<(RemoteTask, Checkpoint)> {
        let process = self.0.process.clone();
        let Reply::Task { handle, checkpoint, capabilities } = process.ask(request).await? else {
            return Err(other());
        };
        let checkpoint = checkpoint.map(|bytes| Checkpoint::decode(&bytes)).transpose()?;
        let handle = Handle { process, number: handle };
        let task = RemoteTask { handle, capabilities: capabilities.capabilities() };
        Ok((task, checkpoint.unwrap_or_default()))
    }
}

#[derive(Debug)]
struct RemoteTask {
    handle: Handle,
    capabilities: Capabilities,
}

#[async_trait]
impl Backend for RemoteBackend {
    async fn claim(&self, task: &TaskId, owner: OwnerId, stores: &[StoreSpec]) -> Result<Claim> {
        let request = Request::Claim(self.0.number, task.clone(), owner, stores.to_vec());
        let (task, checkpoint) = self.task(request).await?;
        Ok(Claim::new(Arc::new(task), checkpoint))
    }

    async fn read(&self, task: &TaskId) -> Result<Arc<dyn TaskReader>> {
        Ok(Arc::new(self.task(Request::Read(self.0.number, task.clone())).await?.0))
    }

    async fn tasks(&self, application: &Name) -> Result<Vec<TaskSummary>> {
        let request = Request::Tasks(self.0.number, application.clone());
        let Reply::Tasks(tasks) = self.0.process.ask(request).await? else { return Err(other()) };
        let summary = |(task, epoch, checkpoint): (_, _, Bytes)| {
            Ok(TaskSummary::new(task, epoch, Checkpoint::decode(&checkpoint)?))
        };
        tasks.into_iter().map(summary).collect()
    }

    async fn destroy(&self, task: &TaskId) -> Result<()> {
        self.0.process.done(Request::Destroy(self.0.number, task.clone())).await
    }
}

#[async_trait]
impl TaskReader for RemoteTask {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_many(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let request = Request::GetMany(self.handle.number, keys.to_vec());
        match self.handle.process.ask(request).await? {
            Reply::Values(values) => Ok(values),
            _ => Err(other()),
        }
    }

    async fn scan(
        &self,
        map: MapId,
        keys: &KeyRange,
        order: Order,
        limit: PageLimit,
    ) -> Result<Page> {
        let limit = (limit.entries, limit.bytes);
        let request = Request::Scan(self.handle.number, map, range(keys), order, limit);
        match self.handle.process.ask(request).await? {
            Reply::Page(entries, resume) => Ok(Page::new(entries, resume)),
            _ => Err(other()),
        }
    }

    async fn approximate_len(&self, map: MapId) -> Result<u64> {
        let request = Request::ApproximateLen(self.handle.number, map);
        match self.handle.process.ask(request).await? {
            Reply::Len(len) => Ok(len),
            _ => Err(other()),
        }
    }

    async fn checkpoint(&self) -> Result<Checkpoint> {
        match self.handle.process.ask(Request::Checkpoint(self.handle.number)).await? {
            Reply::Checkpoint(bytes) => Checkpoint::decode(&bytes),
            _ => Err(other()),
        }
    }

    fn searcher(&self) -> Option<&dyn Searcher> {
        None
    }
}

#[async_trait]
impl TaskWriter for RemoteTask {
    async fn commit(&self, commit: &Arc<Commit>) -> Result<()> {
        let request = Request::Commit(self.handle.number, (&**commit).into());
        self.handle.process.done(request).await
    }

    async fn apply(&self) -> Result<()> {
        self.handle.process.done(Request::Apply(self.handle.number)).await
    }

    async fn close(&self) -> Result<()> {
        self.handle.process.done(Request::Close(self.handle.number)).await
    }
}
