//! Serves a backend on standard input and output.

use std::{
    collections::HashMap,
    env,
    io::{Stdout, stdin, stdout},
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use store_core::{
    Error, ErrorKind, Result,
    backend::{Backend, KeyRange, TaskReader, TaskWriter},
};
use store_embedded::{EmbeddedBackend, EmbeddedConfig};
use tokio::{runtime::Runtime, task::AbortHandle};

use super::{
    frames,
    message::{Reply, Request, limit},
};

/// The variable of the environment that names the folder to serve.
pub(super) const FOLDER: &str = "STORE_SERVE_FOLDER";

/// Serves the embedded backend until the end of input, where the environment asks for it; else does nothing.
pub fn serve_if_asked() -> Option<ExitCode> {
    let folder = PathBuf::from(env::var_os(FOLDER)?);
    let runtime = Runtime::new().expect("a runtime can be started");
    let served = Arc::new(Served { folder, ..Served::new() });
    let mut input = stdin().lock();
    let running: Arc<Mutex<HashMap<u64, AbortHandle>>> = Arc::default();
    // The other end goes away without a word: that is the end.
    while let Ok((number, request)) = frames::read::<(u64, Request)>(&mut input) {
        match request {
            Request::Release(handle) => served.release(handle),
            Request::Cancel(number) => {
                if let Some(call) = running.lock().expect("no panic").remove(&number) {
                    call.abort();
                }
            }
            request => {
                let served = served.clone();
                let ended = running.clone();
                let call = runtime.spawn(async move {
                    let reply = served.answer(request).await.unwrap_or_else(Reply::from);
                    served.tell(number, &reply);
                    ended.lock().expect("no panic").remove(&number);
                });
                if !call.is_finished() {
                    running.lock().expect("no panic").insert(number, call.abort_handle());
                }
            }
        }
    }
    Some(ExitCode::SUCCESS)
}

/// What a handle stands for.
#[derive(Clone)]
enum Handle {
    Backend(Arc<dyn Backend>),
    Reader(Arc<dyn TaskReader>),
    Writer(Arc<dyn TaskWriter>),
}

struct Served {
    folder: PathBuf,
    handles: Mutex<HashMap<u64, Handle>>,
    next: AtomicU64,
    output: Mutex<Stdout>,
}

impl Served {
    fn new() -> Self {
        Self {
            folder: PathBuf::new(),
            handles: Mutex::default(),
            next: AtomicU64::new(0),
            output: Mutex::new(stdout()),
        }
    }

    fn keep(&self, handle: Handle) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.handles.lock().expect("no panic").insert(number, handle);
        number
    }

    fn release(&self, handle: u64) {
        let handle = self.handles.lock().expect("no panic").remove(&handle);
        drop(handle);
    }

    fn tell(&self, number: u64, reply: &Reply) {
        // Nobody reads any more: the end of input comes, too.
        let _ = frames::write(&mut *self.output.lock().expect("no panic"), &(number, reply));
    }

    fn handle(&self, handle: u64) -> Result<Handle> {
        let found = self.handles.lock().expect("no panic").get(&handle).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::Closed, "there is no such handle"))
    }

    fn backend(&self, handle: u64) -> Result<Arc<dyn Backend>> {
        match self.handle(handle)? {
            Handle::Backend(backend) => Ok(backend),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "the handle is of a task")),
        }
    }

    fn reader(&self, handle: u64) -> Result<Arc<dyn TaskReader>> {
        match self.handle(handle)? {
            Handle::Reader(reader) => Ok(reader),
            Handle::Writer(writer) => Ok(writer),
            Handle::Backend(_) => {
                Err(Error::new(ErrorKind::InvalidArgument, "the handle is of a backend"))
            }
        }
    }

    fn writer(&self, handle: u64) -> Result<Arc<dyn TaskWriter>> {
        match self.handle(handle)? {
            Handle::Writer(writer) => Ok(writer),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "the handle is not of an owner")),
        }
    }

    async fn answer(&self, request: Request) -> Result<Reply> {
        Ok(match request {
            Request::Open => {
                let backend =
                    EmbeddedBackend::open(&self.folder, EmbeddedConfig::default()).await?;
                Reply::Handle(self.keep(Handle::Backend(Arc::new(backend))))
            }
            Request::Claim(handle, task, owner, stores) => {
                let claim = self.backend(handle)?.claim(&task, owner, &stores).await?;
                let checkpoint = Some(claim.checkpoint.encode());
                let capabilities = claim.writer.capabilities().into();
                let handle = self.keep(Handle::Writer(claim.writer));
                Reply::Task { handle, checkpoint, capabilities }
            }
            Request::Read(handle, task) => {
                let reader = self.backend(handle)?.read(&task).await?;
                let capabilities = reader.capabilities().into();
                let handle = self.keep(Handle::Reader(reader));
                Reply::Task { handle, checkpoint: None, capabilities }
            }
            Request::Tasks(handle, application) => {
                Reply::tasks(self.backend(handle)?.tasks(&application).await?)
            }
            Request::Destroy(handle, task) => {
                self.backend(handle)?.destroy(&task).await?;
                Reply::Done
            }
            Request::GetMany(handle, keys) => {
                Reply::Values(self.reader(handle)?.get_many(&keys).await?)
            }
            Request::Scan(handle, map, (start, end), order, page) => {
                let range = KeyRange::new(start, end);
                Reply::page(self.reader(handle)?.scan(map, &range, order, limit(page)).await?)
            }
            Request::ApproximateLen(handle, map) => {
                Reply::Len(self.reader(handle)?.approximate_len(map).await?)
            }
            Request::Checkpoint(handle) => {
                Reply::Checkpoint(self.reader(handle)?.checkpoint().await?.encode())
            }
            Request::Commit(handle, frozen) => {
                self.writer(handle)?.commit(&Arc::new(frozen.commit()?)).await?;
                Reply::Done
            }
            Request::Apply(handle) => {
                self.writer(handle)?.apply().await?;
                Reply::Done
            }
            Request::Close(handle) => {
                self.writer(handle)?.close().await?;
                Reply::Done
            }
            Request::Release(_) | Request::Cancel(_) => Reply::Done,
        })
    }
}
