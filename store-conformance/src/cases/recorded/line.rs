//! The members of a recorded line, and bytes as they are recorded.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::{Value, json};
use store_core::Order;

/// What a recorded line asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a>(pub(crate) &'a Value);

impl<'a> Line<'a> {
    pub(crate) fn op(self) -> &'a str {
        self.0["op"].as_str().unwrap_or_default()
    }

    /// The settings of the only store that an `open` names.
    pub(crate) fn store(self) -> Self {
        Self(&self.0["stores"][0])
    }

    pub(crate) fn bytes(self, member: &str) -> Result<Bytes> {
        self.nullable_bytes(member)?.with_context(|| format!("there is no {member}"))
    }

    /// Bytes that may be null or left out.
    pub(crate) fn nullable_bytes(self, member: &str) -> Result<Option<Bytes>> {
        from_json(&self.0[member])
    }

    /// Pairs of a key and a value that may be null.
    pub(crate) fn entries(self) -> Result<Vec<(Bytes, Option<Bytes>)>> {
        let entries = self.0["entries"].as_array().context("there are no entries")?;
        let pair = |entry: &Value| {
            Ok((from_json(&entry[0])?.context("an entry without a key")?, from_json(&entry[1])?))
        };
        entries.iter().map(pair).collect()
    }

    pub(crate) fn time(self, member: &str) -> Result<i64> {
        self.0[member].as_i64().with_context(|| format!("there is no {member}"))
    }

    pub(crate) fn duration(self, member: &str) -> Result<Duration> {
        let ms = self.0[member].as_u64().with_context(|| format!("there is no {member}"))?;
        Ok(Duration::from_millis(ms))
    }

    pub(crate) fn flag(self, member: &str) -> bool {
        self.0[member] == true
    }

    pub(crate) fn order(self) -> Order {
        if self.flag("reverse") { Order::Backward } else { Order::Forward }
    }
}

/// Bytes as they are recorded, or null.
pub(super) fn to_json(bytes: Option<Bytes>) -> Value {
    bytes.map_or(Value::Null, |bytes| {
        json!({ "hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
    })
}

fn from_json(value: &Value) -> Result<Option<Bytes>> {
    if value.is_null() {
        return Ok(None);
    }
    let hex = value["hex"].as_str().with_context(|| format!("{value} is not {{\"hex\":…}}"))?;
    let byte = |at| u8::from_str_radix(hex.get(at..at + 2).unwrap_or_default(), 16);
    let bytes: Result<Vec<u8>, _> = (0..hex.len()).step_by(2).map(byte).collect();
    Ok(Some(bytes?.into()))
}
