//! A TCP proxy that makes a server far away.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
};

/// Listens on a free port and passes bytes on, each after half of the round trip, in both directions.
///
/// Bytes are delayed and not slowed: what is sent meanwhile follows at the same distance. It runs on a thread of its own
/// until the process ends.
pub(crate) fn start(server: String, round_trip: Duration) -> Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let run = move || runtime.block_on(accept(listener, server, round_trip / 2));
    std::thread::Builder::new().name("proxy".to_owned()).spawn(run)?;
    Ok(address)
}

async fn accept(listener: std::net::TcpListener, server: String, delay: Duration) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let server = TcpStream::connect(&server).await.context("connect to the server")?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::spawn(pass(from_client, to_server, delay));
        tokio::spawn(pass(from_server, to_client, delay));
    }
}

/// Passes one direction on until it ends.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (send, mut receive) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            if send.send((Instant::now() + delay, buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    };
    let write = async move {
        while let Some((due, bytes)) = receive.recv().await {
            async_io::Timer::at(due).await;
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    futures::future::join(read, write).await;
}
