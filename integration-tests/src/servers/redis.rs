//! Redis and Valkey: an append-only file, synced before every answer.

use std::{io::Read, net::SocketAddr};

use anyhow::{Context, Result, ensure};

use super::{
    ServerKind, request,
    settings::{MEMORY, Network, Settings, Spec},
};

pub(crate) fn spec(kind: ServerKind, settings: Settings) -> Spec {
    let mut command = command(kind, settings.in_memory);
    command.extend(settings.args);
    let mut ports = vec![kind.port()];
    ports.extend(settings.ports);
    let network = Network::Published(ports);
    let Settings { env, files, in_memory, .. } = settings;
    Spec { command, env, files, network, in_memory }
}

/// The command; what comes later in the arguments wins.
pub(crate) fn command(kind: ServerKind, in_memory: bool) -> Vec<String> {
    let program = if kind == ServerKind::Valkey { "valkey-server" } else { "redis-server" };
    let args =
        ["--protected-mode", "no", "--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    let folder = if in_memory { &["--dir", MEMORY][..] } else { &[] };
    let args = args.iter().chain(folder).copied();
    std::iter::once(program).chain(args).map(str::to_owned).collect()
}

/// Whether it has loaded what it had written; a password is no hindrance.
pub(crate) fn answers(address: SocketAddr) -> Result<()> {
    let mut answer = String::new();
    request(address, b"PING\r\nQUIT\r\n")?.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("+PONG") || answer.starts_with("-NOAUTH"), "it says {answer}");
    Ok(())
}

/// The version of the server at a URL, as `redis-7.0.15` or `valkey-8.1.1`.
pub fn version(url: &str) -> Result<String> {
    let mut line = redis::Client::open(url)?.get_connection()?;
    let info: String = redis::cmd("INFO").arg("server").query(&mut line)?;
    let field = |name| info.lines().find_map(|line: &str| line.strip_prefix(name)).map(str::trim);
    // Valkey also says which version of Redis it is compatible with.
    match field("valkey_version:") {
        Some(version) => Ok(format!("valkey-{version}")),
        None => Ok(format!("redis-{}", field("redis_version:").context("it says no version")?)),
    }
}
