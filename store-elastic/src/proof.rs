//! Whether the node that an owner asks still belongs to the cluster.
//!
//! A node that was cut off goes on answering reads, with what it had then; it acknowledges no write. An owner that went over to
//! such a node would read what is old, and could write what follows from it over another. So it has the node acknowledge a write
//! first: of nothing, by removing a document that is never there.

use std::{
    fmt::{self, Display},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use store_core::{Effect, Error, Result};

use crate::{
    bulk::{self, Operation, Target},
    client::{Client, Request},
    error::incomplete,
};

/// What a task's owner wants of a node before it believes it.
pub(crate) struct Proof {
    write: Request,
    /// Whether there is an owner: who reads only has no right to write.
    is_owned: AtomicBool,
    /// At which turn it was given last. The first node needs none: it has acknowledged the claim, or another one has.
    given: AtomicUsize,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("given", &self.given).finish_non_exhaustive()
    }
}

impl Client {
    /// The client of one task.
    pub(crate) fn of_task(&self, tasks: &str, name: &str) -> Self {
        if self.has_one_node() {
            return self.clone();
        }
        let target = Target { id: &format!("{name}/none"), routing: name, ..Target::default() };
        let write = bulk::request(tasks, &[Operation::delete(target)]);
        let (is_owned, given) = (AtomicBool::new(false), AtomicUsize::new(0));
        let mut client = self.clone();
        client.proof = Some(Arc::new(Proof { write, is_owned, given }));
        client
    }

    /// A change of the record was acknowledged: there is an owner.
    pub(crate) fn owns(&self) {
        if let Some(proof) = &self.proof {
            proof.is_owned.store(true, Ordering::Relaxed);
        }
    }

    /// Has the node of a turn acknowledge a write, unless it has or nobody needs it.
    pub(crate) async fn prove(&self, at: usize, doing: impl Display + Copy) -> Result<()> {
        let Some(proof) = &self.proof else { return Ok(()) };
        if !proof.is_owned.load(Ordering::Relaxed) || proof.given.load(Ordering::Relaxed) == at {
            return Ok(());
        }
        // What it was asked for was not sent.
        let unsent = |error: Error| error.with_effect(Effect::NotApplied);
        let answer = self.once_at(at, &proof.write, doing).await.map_err(unsent)?;
        let items = bulk::items(answer, 1, doing).map_err(unsent)?;
        if !items.iter().all(bulk::Item::is_gone) {
            return Err(incomplete(doing, "the node takes no writes"));
        }
        proof.given.store(at, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::Value;

    use crate::{
        client::Request,
        stub::{Stub, client},
    };

    const GONE: &str = r#"{"items":[{"delete":{"status":404,"_seq_no":1,"_primary_term":1}}]}"#;

    #[tokio::test]
    async fn an_owner_reads_nothing_from_a_node_that_takes_no_writes() {
        // Cut off: it answers with what it had.
        let old = Stub::start(|request| match request.contains("_bulk") {
            true => (
                503,
                r#"{"error":{"type":"cluster_block_exception","reason":"no master"}}"#.to_owned(),
            ),
            false => (200, r#""old""#.to_owned()),
        });
        let fails = std::sync::Arc::new(AtomicBool::new(false));
        let sound = Stub::start({
            let fails = fails.clone();
            move |request| match request.contains("_bulk") {
                true => (200, GONE.to_owned()),
                false if fails.swap(false, Ordering::Relaxed) => (503, "{}".to_owned()),
                false => (200, r#""new""#.to_owned()),
            }
        });
        let client = client(&[&sound, &old]).of_task("tasks", "app/0");
        let read = async || client.ask(Request::post("/_mget"), "read", Ok::<Value, _>).await;
        assert_eq!(read().await.unwrap(), "new");
        client.owns();
        for _ in 0..3 {
            fails.store(true, Ordering::Relaxed);
            assert_eq!(read().await.unwrap(), "new");
        }
        let asked = |stub: &Stub, path: &str| {
            stub.requests().iter().filter(|request| request.contains(path)).count()
        };
        assert_eq!((asked(&old, "_bulk"), asked(&old, "_mget")), (3, 0));
        assert_eq!(asked(&sound, "_bulk"), 3, "once for each time that it was gone over to");
    }

    #[tokio::test]
    async fn who_reads_only_writes_nothing() {
        let (one, other) =
            (Stub::start(|_| (503, "{}".to_owned())), Stub::start(|_| (200, "1".to_owned())));
        let client = client(&[&one, &other]).of_task("tasks", "app/0");
        assert_eq!(client.ask(Request::post("/_mget"), "read", Ok::<Value, _>).await.unwrap(), 1);
        for stub in [one, other] {
            assert!(!stub.requests().iter().any(|request| request.contains("_bulk")));
        }
    }
}
