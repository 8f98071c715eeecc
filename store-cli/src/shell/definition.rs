//! Stores whose keys and values are the stored bytes.

use std::sync::Arc;

use bytes::Bytes;
use store::{
    Error, ErrorKind, KeyValue, Maps, Result, StoreDefinition,
    backend::{Checkpoint, StoreSpec},
    codec::Raw,
    stores::key_value::KeyValueStore,
};

use super::{invalid, request::StoreRequest};

/// A key-value store as it is recorded, or a new one of raw bytes.
#[derive(Debug)]
pub(super) struct AsStored(StoreSpec);

impl AsStored {
    /// `adopt`, of the request or of the store, takes a recorded key-value store whatever its codecs.
    pub(super) fn new(request: &StoreRequest, adopt: bool, recorded: &Checkpoint) -> Result<Self> {
        let StoreRequest { name, kind, codec, .. } = request;
        if kind != "key_value" {
            let message = format!("kind {kind:?} is not there yet: this release has key_value");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        let timed = [request.size_ms, request.retention_ms, request.segment_ms, request.history_ms];
        if timed.iter().any(Option::is_some) || request.retain_duplicates.is_some() {
            return Err(invalid(format!("store {name:?} of kind key_value takes no times")));
        }
        let adopted = recorded.store(name).filter(|_| adopt || request.adopt);
        if let Some((_, state)) = adopted.filter(|(_, state)| state.spec.kind == *kind) {
            return Ok(Self(state.spec.clone()));
        }
        Ok(Self(StoreSpec::new(name.parse()?, kind, "bytes", codec)))
    }

    pub(super) fn name(&self) -> String {
        self.0.name.to_string()
    }
}

impl StoreDefinition for AsStored {
    type Store = Arc<dyn KeyValueStore<Bytes, Bytes>>;

    fn spec(&self) -> Result<StoreSpec> {
        Ok(self.0.clone())
    }

    fn open(&self, maps: Maps) -> Self::Store {
        KeyValue::<Bytes, Bytes>::named(self.name()).values(Raw).open(maps)
    }
}
