//! What `open` says of stores that are cut by time.

use bytes::Bytes;
use store::{
    Result, StoreDefinition,
    backend::StoreSpec,
    codec::Raw,
    stores::{Definition, Kind, Timed},
};

use super::super::{members::Members, node::Node};

/// A member of a store in `open` that only some kinds have.
#[derive(Debug)]
pub(in super::super) struct Setting {
    pub(in super::super) name: &'static str,
    /// What it is for a store that is recorded.
    pub(in super::super) recorded: fn(&StoreSpec) -> Option<Node>,
}

impl Setting {
    pub(super) const RETENTION: Self = Self::new("retention_ms", retention);
    pub(super) const HISTORY: Self = Self::new("history_ms", retention);
    pub(super) const SEGMENT: Self =
        Self::new("segment_ms", |spec| spec.segment_ms.map(Node::Integer));
    pub(super) const SIZE: Self = Self::new("size_ms", |spec| {
        spec.properties.get("size_ms")?.parse().ok().map(Node::Integer)
    });
    pub(super) const DUPLICATES: Self = Self::new("retain_duplicates", |spec| {
        spec.properties.get("retain_duplicates")?.parse().ok().map(Node::Flag)
    });

    const fn new(name: &'static str, recorded: fn(&StoreSpec) -> Option<Node>) -> Self {
        Self { name, recorded }
    }
}

fn retention(spec: &StoreSpec) -> Option<Node> {
    spec.retention_ms.map(Node::Integer)
}

/// What is recorded with a store of this name that is cut by time, in segments of the length asked for.
pub(super) fn timed<S>(
    mut definition: Definition<Timed<S>, Bytes, Bytes>,
    name: String,
    members: &mut Members,
) -> Result<StoreSpec>
where
    S: Copy,
    Timed<S>: Kind<Bytes, Bytes, Raw>,
{
    if let Some(segment) = members.optional_duration("segment_ms")? {
        definition = definition.segments(segment);
    }
    definition.values(Raw).named(name).spec()
}
