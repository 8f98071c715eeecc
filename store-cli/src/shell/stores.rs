//! What `open` names: the stores of a task, by kind.

use std::collections::BTreeMap;

use store::{
    Database, Error, ErrorKind, Maps, Result, StoreDefinition, Task,
    backend::{Checkpoint, StoreSpec, TaskId},
};

use super::{
    kinds::{Kind, Store},
    members::{Members, invalid},
    operation::{hint, shown},
};

/// Names of codecs that can be asked for; a store made with another one is opened with `adopt`.
const CODECS: &[&str] = &["raw", "json", "message-pack", "cbor", "postcard"];

/// The open task and its stores by name.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) task: Task,
    stores: BTreeMap<String, Store>,
}

/// A store as `open` asks for it.
#[derive(Debug)]
struct Asked {
    kind: &'static Kind,
    name: String,
    codec: String,
    adopt: bool,
    /// What is said of this kind of stores only.
    members: Members,
}

/// A store as it is to be opened.
#[derive(Debug)]
struct Wanted {
    kind: &'static Kind,
    spec: StoreSpec,
}

impl StoreDefinition for Wanted {
    type Store = Store;

    fn spec(&self) -> Result<StoreSpec> {
        Ok(self.spec.clone())
    }

    fn open(&self, maps: Maps) -> Store {
        (self.kind.open)(maps)
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
        let mut asked = Vec::new();
        for (place, node) in (1..).zip(members.list("stores")?) {
            let store = Asked::read(Members::inner(format!("store {place} of open"), node)?)?;
            asked.push(Asked { adopt: store.adopt || adopt_all, ..store });
        }
        let recorded = match asked.iter().any(|store| store.adopt) {
            true => recorded(database, id).await?,
            false => Checkpoint::default(),
        };
        let wanted = asked.into_iter().map(|store| store.wanted(&recorded));
        let wanted = wanted.collect::<Result<Vec<_>>>()?;
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

    /// An open store.
    pub(super) fn store(&self, name: &str) -> Result<&Store> {
        self.stores.get(name).ok_or_else(|| {
            let hint = hint(name, self.names());
            invalid(format!("store {} is not open: {hint}", shown(name)))
        })
    }
}

impl Asked {
    fn read(mut members: Members) -> Result<Self> {
        let name = members.text("name")?;
        let named = members.text("kind")?;
        let kind = Kind::named(&named).map_err(|hint| {
            let (store, kind) = (shown(&name), shown(&named));
            let message =
                format!("store {store} has a kind {kind} that cannot be opened here: {hint}");
            Error::new(ErrorKind::Unsupported, message)
        })?;
        let settings = kind.settings.iter().map(|setting| setting.name);
        members.check(["adopt", "codec"].into_iter().chain(settings))?;
        let codec = members.optional_text("codec")?.unwrap_or_else(|| "raw".to_owned());
        if !CODECS.contains(&codec.as_str()) {
            let what = format!("names no codec: {}", hint(&codec, CODECS.iter().copied()));
            return Err(invalid(members.at("codec", &what)));
        }
        let adopt = members.flag("adopt")?;
        Ok(Self { kind, name, codec, adopt, members })
    }

    /// The store as it is asked for; an adopted one has the recorded codecs, and the recorded settings where `open` says
    /// nothing of them.
    fn wanted(mut self, recorded: &Checkpoint) -> Result<Wanted> {
        let recorded = recorded.store(&self.name).map(|(_, state)| &state.spec);
        let adopted = recorded.filter(|_| self.adopt);
        if let Some(spec) = adopted {
            let mut asked = spec.clone();
            self.kind.name.clone_into(&mut asked.kind);
            spec.check(&asked)?;
        }
        for setting in self.kind.settings {
            if let Some(node) = adopted.and_then(|spec| (setting.recorded)(spec)) {
                self.members.fill(setting.name, node);
            }
        }
        let mut spec = (self.kind.spec)(self.name, &mut self.members)?;
        spec.value_codec = self.codec;
        if let Some(adopted) = adopted {
            spec.key_codec.clone_from(&adopted.key_codec);
            spec.value_codec.clone_from(&adopted.value_codec);
            spec.fields.clone_from(&adopted.fields);
        }
        Ok(Wanted { kind: self.kind, spec })
    }
}

/// What was committed last, read without claiming the task; the default where there is no task.
pub(super) async fn recorded(database: &Database, id: &TaskId) -> Result<Checkpoint> {
    match database.read(id.application.as_str(), id.partition).await {
        Ok(task) => task.checkpoint().await,
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Checkpoint::default()),
        Err(error) => Err(error),
    }
}
