//! Keys and values as requests spell them: text, or `{"hex":"…"}`.

use bytes::Bytes;
use store::Result;

use super::{members::invalid, node::Node};

/// A key or value; the message goes behind what it is of.
pub(crate) fn bytes(node: Node) -> Result<Bytes> {
    nullable(node)?.ok_or_else(|| invalid(r#"must be a string or {"hex":"…"}, not null"#))
}

/// A key or value, or null for none; the message goes behind what it is of.
pub(crate) fn nullable(node: Node) -> Result<Option<Bytes>> {
    let digits = match node {
        Node::Null => return Ok(None),
        Node::Text(text) => return Ok(Some(text.into())),
        Node::Object(members) => match <[_; 1]>::try_from(members) {
            Ok([(name, Node::Text(digits))]) if name == "hex" => digits,
            _ => return Err(invalid(r#"must be {"hex":"…"} with nothing else in the object"#)),
        },
        other => {
            let found = other.describe();
            return Err(invalid(format!(r#"must be a string or {{"hex":"…"}}, not {found}"#)));
        }
    };
    // The library's error shows the wrong digit, which is data.
    let wrong = |_| invalid(r#"must have an even number of hexadecimal digits in "hex""#);
    hex::decode(digits).map(|bytes| Some(bytes.into())).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::{Node, nullable};

    #[test]
    fn bytes_are_strings_or_hex() {
        let read = |json: &str| nullable(serde_json::from_str::<Node>(json).unwrap());
        assert_eq!(read("null").unwrap(), None);
        assert_eq!(read(r#""ä""#).unwrap().unwrap(), "ä".as_bytes());
        assert_eq!(read(r#"{"hex":"00Ff"}"#).unwrap().unwrap(), &b"\0\xff"[..]);
        assert_eq!(read(r#"{"hex":""}"#).unwrap().unwrap(), &b""[..]);
        for wrong in ["1", "true", "[]", "{}", r#"{"hex":1}"#, r#"{"hex":"0"}"#, r#"{"hex":"0g"}"#]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(r#"{"hex":"00","x":1}"#).is_err());
    }
}
