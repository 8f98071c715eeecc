//! Kinds of stores as they are recorded.

use bytes::Bytes;
use store::{
    codec::Raw,
    stores::{
        Kind, key_value::KeyValueKind, session::SessionKind, timestamped::TimestampedKeyValueKind,
        versioned::VersionedKeyValueKind, window::WindowKind,
    },
};

pub(crate) const KEY_VALUE: &str = <KeyValueKind as Kind<Bytes, Bytes, Raw>>::NAME;
pub(crate) const TIMESTAMPED: &str = <TimestampedKeyValueKind as Kind<Bytes, Bytes, Raw>>::NAME;
pub(crate) const WINDOW: &str = <WindowKind as Kind<Bytes, Bytes, Raw>>::NAME;
pub(crate) const SESSION: &str = <SessionKind as Kind<Bytes, Bytes, Raw>>::NAME;
pub(crate) const VERSIONED: &str = <VersionedKeyValueKind as Kind<Bytes, Bytes, Raw>>::NAME;
