//! What can be done to any container, shown on Redis.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Result, ensure};
use integration_tests::servers::{Server, ServerKind, Settings};

pub(crate) async fn a_pause_holds_answers() -> Result<()> {
    let server = Server::own(ServerKind::Redis8, Settings::default())?;
    let mut line = TcpStream::connect(server.address()?)?;
    server.pause()?;
    line.write_all(b"PING\r\n")?;
    line.set_read_timeout(Some(Duration::from_millis(300)))?;
    let mut answer = [0; 7];
    ensure!(line.read_exact(&mut answer).is_err(), "it answers while it is paused");
    server.resume()?;
    line.set_read_timeout(Some(Duration::from_secs(60)))?;
    line.read_exact(&mut answer)?;
    ensure!(&answer == b"+PONG\r\n", "the same connection goes on");
    Ok(())
}

pub(crate) async fn settings_reach_the_server() -> Result<()> {
    let settings = Settings::default()
        .with_file("/etc/extra.conf", "maxmemory 12345678\n")
        .with_args(["--port", "0", "--port", "6379"])
        .with_args(["--include", "/etc/extra.conf"])
        .with_env("COLOUR", "green");
    let server = Server::own(ServerKind::Redis7, settings)?;
    let said = ask(server.address()?, "CONFIG GET maxmemory")?;
    ensure!(said.contains("12345678"), "the file is read: {said}");
    ensure!(server.address_of(1).is_err(), "a port that was not asked for is not published");
    Ok(())
}

pub(crate) async fn what_cannot_be_started_is_an_error() -> Result<()> {
    let started =
        Server::own(ServerKind::Redis8, Settings::default().with_arg("--no-such-setting"));
    let Err(error) = started else { anyhow::bail!("it started") };
    let error = format!("{error:#}");
    // The end of the server's own log is in it.
    ensure!(error.contains("it ended") && error.contains("no-such-setting"), "{error}");
    Ok(())
}

pub(crate) async fn none_is_left_behind() -> Result<()> {
    let server = Server::own(ServerKind::Redis8, Settings::default())?;
    let address = server.address()?;
    drop(server);
    ensure!(TcpStream::connect(address).is_err(), "somebody listens on the port");
    Ok(())
}

fn ask(address: SocketAddr, command: &str) -> Result<String> {
    let mut line = TcpStream::connect(address)?;
    line.set_read_timeout(Some(Duration::from_secs(60)))?;
    line.write_all(format!("{command}\r\nQUIT\r\n").as_bytes())?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    Ok(answer)
}
