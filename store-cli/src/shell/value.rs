//! What an operation answers.

use bytes::Bytes;
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

/// What an operation answers; serializes as the protocol writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Nothing to say, or absent.
    Null,
    /// A key or value: a string where it is UTF-8, else `{"hex":"…"}`.
    Bytes(Bytes),
    /// A word of the protocol's own.
    Word(&'static str),
    /// A count, a time or a number of a commit.
    Number(i128),
    /// The parts of a row.
    Row(Vec<Self>),
    /// Rows.
    List(Vec<Self>),
    /// Named members.
    Object(Vec<(String, Self)>),
}

impl Value {
    pub(crate) fn or_null(value: Option<impl Into<Self>>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bytes(bytes) => Text(bytes).serialize(serializer),
            Self::Number(number) => serializer.serialize_i128(*number),
            Self::Word(word) => serializer.serialize_str(word),
            Self::Row(items) | Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(item))?;
                list.end()
            }
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(name, value)| object.serialize_entry(name, value))?;
                object.end()
            }
        }
    }
}

/// Bytes as the protocol writes them: a string where they are UTF-8, else `{"hex":"…"}`.
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut object = serializer.serialize_map(Some(1))?;
        object.serialize_entry("hex", &hex::encode(self.0))?;
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn bytes_are_text_where_they_can_be() {
        let json =
            |bytes: &'static [u8]| serde_json::to_string(&Value::Bytes(bytes.into())).unwrap();
        assert_eq!(json(b"a\0\n"), r#""a\u0000\n""#);
        assert_eq!(json(b""), r#""""#);
        assert_eq!(json(b"\x00\xff"), r#"{"hex":"00ff"}"#);
    }
}
