//! Decoders that are not public, for fuzzing.

use std::iter;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use store_core::backend::{Changes, Checkpoint, Commit};

use crate::{
    RedisConfig,
    address::{Address, Place},
    chunk::{self, Chunks},
    layout::log_name,
    unapplied::chunks,
};

/// Feeds what a log is made of: a line of the names of its maps, a line of what the record says of it, and a chunk. What
/// is taken must come back the same, however it is cut.
pub fn log(bytes: &[u8]) {
    let mut parts = bytes.splitn(3, |byte| *byte == b'\n');
    let (Some(names), Some(pending), Some(chunk)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    let pending = String::from_utf8_lossy(pending);
    assert!(chunks(&pending, "no such log").is_none() || pending.starts_with("no such log"));
    let _ = chunks(&pending, log_name(&pending));
    let Some(maps) = chunk::maps(&String::from_utf8_lossy(names)) else { return };
    let mut changes = Changes::new();
    if chunk::add(&mut changes, &maps, chunk).is_err() {
        return;
    }
    let commit = Commit::new(Checkpoint::default(), changes);
    for (entries, bytes) in [(1, 1), (3, 10), (usize::MAX, usize::MAX)] {
        let mut config = RedisConfig::default();
        (config.chunk_entries, config.chunk_bytes) = (entries, bytes);
        let chunks = Chunks::of(&commit, &config);
        let maps = chunk::maps(&chunks.names()).expect("names of our own are read");
        let mut again = Changes::new();
        for chunk in &chunks.encoded {
            chunk::add(&mut again, &maps, chunk).expect("chunks of our own are read");
        }
        assert!(again == *commit.changes(), "a log comes back the same");
    }
}

/// Feeds a URL; one that is taken must say the same once it is written anew.
pub fn url(url: &str) {
    let Ok(address) = Address::parse(url) else { return };
    let again = match &address.place {
        Place::Socket(path) => {
            let path = path.to_str().expect("it was text").split('/').map(encoded);
            format!("redis+unix://{}", path.collect::<Vec<_>>().join("/"))
        }
        Place::Server(name, port) => written(url, iter::once((name, *port)), address.number),
        Place::Cluster(hosts) => {
            let hosts = hosts.iter().map(|(name, port)| (name, *port));
            written(url, hosts, address.number)
        }
    };
    assert_eq!(Address::parse(&again).ok(), Some(address), "{url:?} and {again:?}");
}

/// The URL anew, with scheme and login as they are.
fn written<'a>(url: &str, hosts: impl Iterator<Item = (&'a String, u16)>, number: i64) -> String {
    let login = url.rfind('@').or_else(|| url.find("://").map(|at| at + 2));
    let hosts = hosts.map(|(name, port)| format!("[{}]:{port}", encoded(name)));
    let head = &url[..=login.expect("it has a scheme")];
    format!("{head}{}/{number}", hosts.collect::<Vec<_>>().join(","))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
