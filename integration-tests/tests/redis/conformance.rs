//! `store conformance` on a server.

use anyhow::{Result, ensure};
use clap::Parser;
use integration_tests::RedisServer;
use redis::AsyncCommands;

use super::keys::raw;

pub(crate) async fn a_run_leaves_only_fences(server: RedisServer) -> Result<()> {
    let mut raw = raw(&server).await?;
    let _: () = raw.set("theirs", "1").await?;
    let url = server.url().to_owned();
    let run = move || {
        let arguments = ["store", "conformance", &url, "--only", "AD-08", "--json"];
        store_cli::run(store_cli::Args::parse_from(arguments))
    };
    // The command makes runtimes of its own.
    tokio::task::spawn_blocking(run).await??;
    let left: Vec<String> = raw.keys("*").await?;
    for name in left.iter().filter(|name| *name != "theirs") {
        let bytes: Option<usize> =
            redis::cmd("MEMORY").arg("USAGE").arg(name).query_async(&mut raw).await?;
        ensure!(name.starts_with("store-conformance-"), "{name}");
        ensure!(bytes.is_none_or(|bytes| bytes < 500), "{name} has {bytes:?} bytes");
    }
    ensure!(raw.exists::<_, bool>("theirs").await?, "foreign keys stay");
    Ok(())
}
