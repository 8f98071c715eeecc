//! A row of a store, as `get` and `scan` show it.

use bytes::Bytes;
use serde::Serialize;
use store::backend::StoreSpec;

use crate::text::{Shown, cut};

/// A key, a value, and the times of its kind of store.
#[derive(Serialize)]
pub(super) struct Line {
    key: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    pub(super) value: Shown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<i64>,
}

impl Line {
    pub(super) fn new(spec: &StoreSpec, key: Bytes, value: Bytes) -> Self {
        Self {
            key: Shown::key(&spec.key_codec, key),
            start: None,
            end: None,
            value: Shown::value(&spec.value_codec, value),
            time: None,
        }
    }

    /// The value is of this time.
    pub(super) fn at(self, time: i64) -> Self {
        Self { time: Some(time), ..self }
    }

    /// The value is of a window or session.
    pub(super) fn within(self, start: i64, end: i64) -> Self {
        Self { start: Some(start), end: Some(end), ..self }
    }

    /// The parts that there are, under their titles.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, String)> {
        let time = |title, time: Option<i64>| time.map(|ms| (title, ms.to_string()));
        let columns = [
            Some(("KEY", cut(&self.key.to_string()))),
            time("START", self.start),
            time("END", self.end),
            Some(("VALUE", cut(&self.value.to_string()))),
            time("TIME", self.time),
        ];
        columns.into_iter().flatten()
    }
}
