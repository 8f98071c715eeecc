//! The record of a task: read as it is, and changed by compare-and-set.

use std::sync::{MutexGuard, PoisonError, atomic::Ordering};

use serde::{Deserialize, Serialize};
use store_core::{
    Effect, Error, ErrorKind, Result,
    redo::{Meta, MetaChange, Swap},
};

use crate::{
    bulk::{At, Operation, Target},
    client::passes,
    error::incomplete,
    layout::{bytes, read_bytes},
    task::ElasticTask,
};

/// The record as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(default)]
    application: String,
    pub(crate) partition: u32,
    /// What was done to it last, for people.
    #[serde(default)]
    change: String,
    record: String,
}

/// A record with its place in the history of the index.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) meta: Meta,
    at: At,
}

impl Record {
    /// What it says. `SchemaMismatch` for one of another release, `Corrupt` for a damaged one.
    pub(crate) fn read(&self) -> Result<Meta> {
        Meta::decode(&read_bytes(&self.record)?)
    }
}

/// How often a change is sent again because another one came first.
const RIVALS: usize = 100;

impl ElasticTask {
    fn known(&self) -> MutexGuard<'_, Option<Stored>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record, and what follows of it for reading.
    pub(crate) async fn load_record(&self) -> Result<Option<Meta>> {
        let stored = self.read_record().await?;
        self.known().clone_from(&stored);
        let Some(Stored { meta, .. }) = stored else { return Ok(None) };
        self.life.store(meta.destroyed, Ordering::Relaxed);
        self.freshness.saw(&meta);
        Ok(Some(meta))
    }

    /// The record, as acknowledged last; or later, if a node that was cut off shows what is never acknowledged.
    pub(crate) async fn read_record(&self) -> Result<Option<Stored>> {
        let doing = self.doing("read the record of");
        let client = &self.client;
        let ids = [self.name.clone()];
        let docs = client.get::<Record>(
            &self.shared.names.tasks,
            &self.name,
            &ids,
            "record,partition",
            doing,
        );
        let Some(doc) = docs.await?.pop().flatten() else { return Ok(None) };
        let meta = doc.source.read().map_err(|error| error.context(doing))?;
        Ok(Some(Stored { meta, at: doc.at }))
    }

    /// Sends a change until its outcome is known, and no longer than one call may take.
    pub(crate) async fn change(&self, change: &MetaChange) -> Result<Swap> {
        let doing = self.doing("change the record of");
        let swap = self.client.within(doing, self.settle(change)).await;
        // What was begun may still take effect.
        swap.map_err(|error| match error.kind() {
            ErrorKind::Timeout => error.with_effect(Effect::Unknown),
            _ => error,
        })
    }

    /// - A conflict, and an unknown outcome, is followed by a look at the record, and the same change again if it is as
    ///   demanded.
    /// - A record that is not as demanded may be of our own making: a node sends a request on a second time where the primary
    ///   goes, and the second one then conflicts with the first. It is written once more as it is, since a read may show
    ///   what is never acknowledged. What fails after a conflict leaves the effect unknown.
    /// - After an unknown outcome only a record that shows the change is an answer: it may have been made, and then
    ///   somebody else's.
    async fn settle(&self, change: &MetaChange) -> Result<Swap> {
        let (mut unknown, mut conflicts) = (None::<Error>, 0);
        // An error beside the change itself.
        let unsettled = |error: Error, unknown: &Option<Error>, conflicts| {
            let known = unknown.is_none() && conflicts == 0;
            error.with_effect(if known { Effect::NotApplied } else { Effect::Unknown })
        };
        let mut pauses = self.client.pauses();
        loop {
            let known = self.known().take();
            let stored = match known.filter(|_| unknown.is_none()) {
                Some(known) => Some(known),
                None => {
                    let read = self.read_record().await;
                    read.map_err(|error| unsettled(error, &unknown, conflicts))?
                }
            };
            let meta = stored.as_ref().map(|stored| &stored.meta);
            let holds = change.holds(meta);
            let next = match meta {
                _ if holds => change.apply_to(meta),
                None => return refused(change, None, unknown, conflicts > 0),
                Some(meta) => meta.clone(),
            };
            match self.write_record(&next, stored.as_ref(), change, holds).await {
                Ok(true) if holds => return Ok(Swap::Applied),
                Ok(true) => return refused(change, Some(next), unknown, conflicts > 0),
                Ok(false) if conflicts < RIVALS => conflicts += 1,
                Ok(false) => {
                    let error =
                        incomplete(self.doing("change the record of"), "others change it, too");
                    return Err(unsettled(error, &unknown, conflicts));
                }
                Err(error) => {
                    if holds && error.effect() != Effect::NotApplied {
                        unknown.get_or_insert_with(|| error.clone());
                    }
                    // Another node may be there.
                    if !(passes(&error) && pauses.wait().await) {
                        let error = unknown.clone().unwrap_or(error);
                        return Err(unsettled(error, &unknown, conflicts));
                    }
                }
            }
        }
    }

    /// Replaces the record that was read, or makes it; false where there is another by now.
    async fn write_record(
        &self,
        meta: &Meta,
        stored: Option<&Stored>,
        change: &MetaChange,
        holds: bool,
    ) -> Result<bool> {
        let doing = self.doing("change the record of");
        let record = Record {
            application: self.application.clone(),
            partition: self.task.partition,
            change: if holds { name(change) } else { "confirm" }.to_owned(),
            record: bytes(&meta.encode()),
        };
        let target = Target { id: &self.name, routing: &self.name, ..Target::default() };
        let operation = match stored {
            None => Operation::create(target, &record),
            Some(Stored { at, .. }) => {
                Operation::index(Target { at: Some(*at), ..target }, &record)
            }
        };
        let items = self.client.bulk(&self.shared.names.tasks, &[operation], doing).await?;
        match items.first() {
            Some(item) if item.is_done() => {
                self.client.owns();
                let stored = item.at.map(|at| Stored { meta: meta.clone(), at });
                *self.known() = stored;
                Ok(true)
            }
            Some(item) if item.is_conflict() => Ok(false),
            Some(item) => Err(item.refusal(doing)),
            None => Err(incomplete(doing, "the answer is empty")),
        }
    }
}

/// What a record says that is not as demanded. After an unknown outcome only one that shows the change is an answer; after a
/// conflict a later owner's may stand on our commit.
fn refused(
    change: &MetaChange,
    meta: Option<Meta>,
    unknown: Option<Error>,
    doubted: bool,
) -> Result<Swap> {
    let shown = meta.as_ref().is_none_or(|meta| change.is_shown_by(meta));
    match (unknown, &meta, change) {
        (Some(error), ..) if !shown => Err(error.with_effect(Effect::Unknown)),
        (None, Some(meta), MetaChange::Commit { fence, sequence, .. })
            if doubted && meta.fence != *fence && meta.sequence >= *sequence =>
        {
            let message = "a later owner has claimed the task: give it up";
            Err(Error::new(ErrorKind::Fenced, message).with_effect(Effect::Unknown))
        }
        _ => Ok(Swap::Refused(meta)),
    }
}

const fn name(change: &MetaChange) -> &'static str {
    match change {
        MetaChange::Claim { .. } => "claim",
        MetaChange::Commit { .. } => "commit",
        MetaChange::Clear { .. } => "clear",
        MetaChange::Destroy { .. } => "destroy",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    };

    use serde_json::{Value, json};
    use store_core::{
        Effect, ErrorKind,
        backend::{Fence, OwnerId, TaskId},
        redo::{Body, Meta, MetaChange, Pending},
    };

    use super::Record;
    use crate::{
        ElasticConfig,
        index::Names,
        layout::bytes,
        stub::{Stub, client},
        task::{ElasticTask, Shared},
    };

    #[test]
    fn a_record_as_it_is_stored() {
        let meta = Meta::new(Fence::new(7, OwnerId::from_u128(5)));
        let record = Record {
            application: "team:app".to_owned(),
            partition: 3,
            change: "claim".to_owned(),
            record: bytes(&meta.encode()),
        };
        let stored = serde_json::to_string(&record).unwrap();
        let golden = "{\"application\":\"team:app\",\"partition\":3,\"change\":\"claim\",\"record\":\"AAAAAXsiZXBvY2giOjcs";
        assert_eq!(stored[..golden.len()], *golden);
        let read: Record = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.read().unwrap(), meta);
    }

    #[test]
    fn a_record_of_another_release_or_a_damaged_one_is_refused() {
        let kind = |text: &str| {
            let record = Record {
                application: String::new(),
                partition: 0,
                change: String::new(),
                record: text.to_owned(),
            };
            record.read().unwrap_err().kind()
        };
        assert_eq!(kind("AAAAAg=="), ErrorKind::SchemaMismatch);
        assert_eq!(kind("AAAAAQ=="), ErrorKind::Corrupt);
        assert_eq!(kind("!"), ErrorKind::Corrupt);
    }

    /// A task whose record is `before` at first; its first change is made and then refused, as by a node that sends it on twice.
    /// From then on reads are answered by `read` and changes by `change`.
    fn made_twice(before: &Meta, read: (u16, Value), change: (u16, Value)) -> (Stub, ElasticTask) {
        let (before, changed) = ((200, found(before)), AtomicBool::new(false));
        let stub = Stub::start(move |request| {
            let writes = request.contains("_bulk");
            let (status, answer) = match (writes, changed.load(Ordering::Relaxed)) {
                (true, false) => {
                    changed.store(true, Ordering::Relaxed);
                    (200, json!({ "items": [{ "index": { "status": 409 } }] }))
                }
                (true, true) => change.clone(),
                (false, false) => before.clone(),
                (false, true) => read.clone(),
            };
            (status, answer.to_string())
        });
        let config = ElasticConfig { retries: 0, ..ElasticConfig::default() };
        let names = Names::new(&config);
        let shared = Arc::new(Shared { client: client(&[&stub]), names, config });
        (stub, ElasticTask::new(shared, TaskId::new("app", 0).unwrap()))
    }

    fn found(meta: &Meta) -> Value {
        let source = json!({ "partition": 0, "record": bytes(&meta.encode()) });
        let doc = json!({ "found": true, "_seq_no": 4, "_primary_term": 1, "_source": source });
        json!({ "docs": [doc] })
    }

    #[tokio::test]
    async fn what_fails_after_a_conflict_may_have_been_made() {
        let fence = |epoch| Fence::new(epoch, OwnerId::from_u128(epoch.into()));
        let log = serde_json::from_value(
            json!({ "epoch": 1, "attempt": "00000000-0000-0000-0000-000000000000" }),
        );
        let pending = Pending::new(log.unwrap(), 5, Body::Inline("x".into()));
        let commit = MetaChange::Commit {
            fence: fence(1),
            previous: 0,
            sequence: 1,
            pending,
            checkpoint: "{}".into(),
        };
        let before = Meta::new(fence(1));
        let made = commit.apply_to(Some(&before));
        let claimed = MetaChange::Claim { fence: fence(2) }.apply_to(Some(&made));
        let earlier = MetaChange::Claim { fence: fence(2) }.apply_to(Some(&before));
        let done =
            json!({ "items": [{ "index": { "status": 200, "_seq_no": 5, "_primary_term": 1 } }] });
        let full = json!({ "items": [{ "index": { "status": 429, "error": {
            "type": "cluster_block_exception",
            "reason": "index [store-tasks] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]",
        } } }] });
        let unreadable =
            (403, json!({ "error": { "type": "security_exception", "reason": "no" } }));
        for (read, change, kind) in [
            (unreadable, (200, done.clone()), ErrorKind::PermissionDenied),
            ((200, found(&made)), (200, full), ErrorKind::OutOfSpace),
            ((200, found(&claimed)), (200, done.clone()), ErrorKind::Fenced),
        ] {
            let (_stub, task) = made_twice(&before, read, change);
            let error = task.change(&commit).await.unwrap_err();
            assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown), "{error:?}");
        }
        // The rival was another one.
        let (_stub, task) = made_twice(&before, (200, found(&earlier)), (200, done));
        let swap = task.change(&commit).await.unwrap();
        assert!(matches!(swap, store_core::redo::Swap::Refused(Some(meta)) if meta == earlier));
    }
}
