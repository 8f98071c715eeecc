//! What `open` names: the stores of a task, by kind.

use std::collections::BTreeMap;

use store::{
    Database, Error, ErrorKind, Maps, Result, StoreDefinition, Task,
    backend::{Checkpoint, StoreSpec, TaskId},
};

use super::{
    key_value,
    members::{Members, invalid},
    operation::{hint, shown},
};

/// The kinds that can be opened.
const KINDS: &[&str] = &[key_value::KIND];

/// Names of codecs that can be asked for; a store made with another one is opened with `adopt`.
const CODECS: &[&str] = &["raw", "json", "message-pack", "cbor", "postcard"];

/// A store that is open.
#[derive(Debug)]
pub(super) enum Store {
    KeyValue(key_value::Store),
}

/// The open task and its stores by name.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) task: Task,
    stores: BTreeMap<String, Store>,
}

/// A store as `open` asks for it.
#[derive(Debug)]
struct Wanted {
    spec: StoreSpec,
    adopt: bool,
}

impl StoreDefinition for Wanted {
    type Store = Store;

    fn spec(&self) -> Result<StoreSpec> {
        Ok(self.spec.clone())
    }

    fn open(&self, maps: Maps) -> Store {
        Store::KeyValue(key_value::open(maps))
    }
}

impl Opened {
    /// Claims the task with the stores that the members name.
    pub(super) async fn open(
        database: &Database,
        id: &TaskId,
        mut members: Members,
    ) -> Result<Self> {
        let adopt_all = members.flag("adopt")?;
        let mut wanted = Vec::new();
        for (place, node) in (1..).zip(members.list("stores")?) {
            let mut store = Wanted::read(Members::inner(format!("store {place} of open"), node)?)?;
            store.adopt |= adopt_all;
            wanted.push(store);
        }
        adopt(database, id, &mut wanted).await?;
        let mut builder = database.task(id.application.as_str(), id.partition);
        for store in &wanted {
            builder = builder.store(store);
        }
        let task = builder.open().await?;
        let stores = wanted.iter().map(|store| {
            let name = store.spec.name.to_string();
            Ok((name, task.store(store)?))
        });
        Ok(Self { stores: stores.collect::<Result<_>>()?, task })
    }

    /// The names of the open stores.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.stores.keys().map(String::as_str)
    }

    fn store(&self, name: &str) -> Result<&Store> {
        self.stores.get(name).ok_or_else(|| {
            let hint = hint(name, self.names());
            invalid(format!("store {} is not open: {hint}", shown(name)))
        })
    }

    /// An open key-value store.
    pub(super) fn key_value(&self, name: &str) -> Result<&key_value::Store> {
        let Store::KeyValue(store) = self.store(name)?;
        Ok(store)
    }
}

impl Wanted {
    fn read(mut members: Members) -> Result<Self> {
        let name = members.text("name")?.parse()?;
        let kind = members.text("kind")?;
        if !KINDS.contains(&kind.as_str()) {
            let hint = hint(&kind, KINDS.iter().copied());
            let message = format!(
                "store {name} has a kind {} that cannot be opened here: {hint}",
                shown(&kind)
            );
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        members.check(["adopt"].into_iter().chain(key_value::MEMBERS.iter().copied()))?;
        let codec = members.optional_text("codec")?.unwrap_or_else(|| "raw".to_owned());
        if !CODECS.contains(&codec.as_str()) {
            let what = format!("names no codec: {}", hint(&codec, CODECS.iter().copied()));
            return Err(invalid(members.at("codec", &what)));
        }
        Ok(Self { spec: key_value::spec(name, &codec), adopt: members.flag("adopt")? })
    }
}

/// Takes adopted stores as they are recorded, where they are of the same kind.
async fn adopt(database: &Database, id: &TaskId, wanted: &mut [Wanted]) -> Result<()> {
    if !wanted.iter().any(|store| store.adopt) {
        return Ok(());
    }
    let recorded = recorded(database, id).await?;
    for store in wanted.iter_mut().filter(|store| store.adopt) {
        if let Some((_, state)) = recorded.store(store.spec.name.as_str())
            && state.spec.kind == store.spec.kind
        {
            store.spec = state.spec.clone();
        }
    }
    Ok(())
}

/// What was committed last, read without claiming the task; the default where there is no task.
pub(super) async fn recorded(database: &Database, id: &TaskId) -> Result<Checkpoint> {
    match database.read(id.application.as_str(), id.partition).await {
        Ok(task) => task.checkpoint().await,
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Checkpoint::default()),
        Err(error) => Err(error),
    }
}
