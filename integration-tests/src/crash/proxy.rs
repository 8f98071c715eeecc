//! A line between a program and its server that can be cut, and that loses or delays what is sent over it.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What is done to one request, and to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// The server acts; its answer is thrown away and the connection cut.
    Reply,
    /// The server acts; nothing comes back any more, and the connection is cut after this time.
    Silence(Duration),
    /// The server acts; the answer comes this late.
    Delay(Duration),
    /// The connection is cut before the server has the request.
    Request,
    /// The connection is cut; the server gets the request this much later, when nobody waits for it.
    Orphan(Duration),
}

/// A line through which connections are made. Ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    line: Arc<Line>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Line {
    target: SocketAddr,
    /// Changes when all connections are to end.
    cuts: watch::Sender<u64>,
    is_cut: AtomicBool,
    plan: Mutex<Option<Plan>>,
    losses: AtomicU64,
}

/// When and how to lose something.
#[derive(Debug)]
struct Plan {
    /// What a request has in it that counts.
    marker: Vec<u8>,
    /// How many such requests go well before.
    spared: u64,
    loss: Loss,
}

impl Proxy {
    /// Listens on a free local port and connects to `target` for each connection.
    pub async fn start(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line {
            target,
            cuts: watch::channel(0).0,
            is_cut: AtomicBool::new(false),
            plan: Mutex::new(None),
            losses: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, line.clone()));
        Ok(Self { address, line, accepting })
    }

    /// Where to connect to.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection, and each new one at once, until [`mend`](Self::mend).
    pub fn cut(&self) {
        self.line.is_cut.store(true, Ordering::SeqCst);
        self.line.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets connections be made again.
    pub fn mend(&self) {
        self.line.is_cut.store(false, Ordering::SeqCst);
    }

    /// Loses something at the next request with these bytes in it, after `spared` of them.
    pub fn lose(&self, marker: &[u8], spared: u64, loss: Loss) {
        *self.line.plan() = Some(Plan { marker: marker.to_vec(), spared, loss });
    }

    /// How many losses there were.
    #[must_use]
    pub fn losses(&self) -> u64 {
        self.line.losses.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

impl Line {
    fn plan(&self) -> std::sync::MutexGuard<'_, Option<Plan>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be lost at these bytes, which begin with the end of the ones before. Takes them where they counted.
    fn loss(&self, bytes: &mut Vec<u8>) -> Option<Loss> {
        let mut plan = self.plan();
        let Plan { marker, spared, loss } = plan.as_mut()?;
        if !bytes.windows(marker.len()).any(|window| window == marker) {
            return None;
        }
        bytes.clear();
        if *spared > 0 {
            *spared -= 1;
            return None;
        }
        let loss = *loss;
        *plan = None;
        Some(loss)
    }

    fn lost(&self) {
        self.losses.fetch_add(1, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, line: Arc<Line>) {
    while let Ok((client, _)) = listener.accept().await {
        if line.is_cut.load(Ordering::SeqCst) {
            continue;
        }
        let line = line.clone();
        tokio::spawn(async move {
            let mut cuts = line.cuts.subscribe();
            let Ok(server) = TcpStream::connect(line.target).await else { return };
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (lose, losing) = watch::channel(None);
            let there = requests(&line, from_client, to_server, lose);
            let back = replies(&line, from_server, to_client, losing);
            tokio::select! {
                _ = cuts.changed() => {}
                orphan = there => {
                    if let Some(orphan) = orphan {
                        tokio::spawn(deliver(orphan));
                    }
                }
                () = back => {}
            }
        });
    }
}

/// A request whose client is gone, and when it is to arrive.
struct Orphan {
    bytes: Vec<u8>,
    server: OwnedWriteHalf,
    after: Duration,
}

async fn deliver(Orphan { bytes, mut server, after }: Orphan) {
    sleep(after).await;
    let _ = server.write_all(&bytes).await;
    let _ = server.shutdown().await;
    // A connection that is dropped with an answer in it is reset, and the request may be with it.
    sleep(Duration::from_millis(200)).await;
}

/// Passes requests on, until the connection is to end.
async fn requests(
    line: &Line,
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    lose: watch::Sender<Option<Loss>>,
) -> Option<Orphan> {
    const TAIL: usize = 64;
    let mut buffer = vec![0; 64 << 10];
    let mut seen = Vec::new();
    // A connection that is to end takes no further loss with it.
    let mut doomed = false;
    loop {
        let length = client.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        let bytes = &buffer[..length];
        seen.extend_from_slice(bytes);
        let loss = if doomed { None } else { line.loss(&mut seen) };
        match loss {
            Some(Loss::Request) => {
                line.lost();
                return None;
            }
            Some(Loss::Orphan(after)) => {
                line.lost();
                let mut bytes = bytes.to_vec();
                // The rest of the request, which the client has sent already.
                while let Ok(Ok(length @ 1..)) =
                    timeout(Duration::from_millis(20), client.read(&mut buffer)).await
                {
                    bytes.extend_from_slice(&buffer[..length]);
                }
                return Some(Orphan { bytes, server, after });
            }
            Some(loss) => {
                doomed = !matches!(loss, Loss::Delay(_));
                lose.send_replace(Some(loss));
            }
            None => {}
        }
        // So a marker that is cut in two is found.
        let tail = seen.len().saturating_sub(TAIL);
        seen.drain(..tail);
        server.write_all(bytes).await.ok()?;
    }
}

/// Passes answers back, until the connection is to end.
async fn replies(
    line: &Line,
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    mut losing: watch::Receiver<Option<Loss>>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = server.read(&mut buffer).await {
        let asked = losing.has_changed().unwrap_or(false);
        let loss = if asked { *losing.borrow_and_update() } else { None };
        if loss.is_some() {
            line.lost();
        }
        match loss {
            Some(Loss::Reply) => return,
            Some(Loss::Silence(for_this)) => return sleep(for_this).await,
            Some(Loss::Delay(for_this)) => sleep(for_this).await,
            _ => {}
        }
        if client.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
