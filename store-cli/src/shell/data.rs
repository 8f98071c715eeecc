//! Keys and values in JSON: text where they are UTF-8, else `{"hex":"…"}`.

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::SerializeMap};
use serde_json::Value;

/// Bytes that read as a JSON string or as `{"hex":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data(pub(super) Bytes);

impl Data {
    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

impl From<Bytes> for Data {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = r#"bytes are a string or {"hex":"…"} with an even number of hex digits"#;
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text.into())),
            Value::Object(object) if object.len() == 1 => {
                let digits = object.get("hex").and_then(Value::as_str);
                let bytes = digits.and_then(|digits| hex::decode(digits).ok());
                bytes.map(|bytes| Self(bytes.into())).ok_or_else(|| D::Error::custom(expected))
            }
            _ => Err(D::Error::custom(expected)),
        }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(&self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("hex", &hex::encode(&self.0))?;
        map.end()
    }
}
