//! Keys and values as people read and type them: text, numbers, or `hex:` and digits.

use std::fmt;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use store::{Error, ErrorKind, Result, codec::Key};

use crate::shell::Text;

/// Stands before the hexadecimal digits of bytes.
pub(crate) const HEX: &str = "hex:";

/// Stands before text that would be taken for something else.
pub(crate) const TEXT: &str = "text:";

macro_rules! integers {
    ($($integer:ident),*) => {
        /// The bytes of a number, where the codec is one of integers.
        fn integer_bytes(codec: &str, text: &str) -> Option<Result<Bytes>> {
            match codec {
                $(stringify!($integer) => {
                    let number = text.parse::<$integer>().map_err(|error| {
                        let message = concat!("the key must be a number of type ", stringify!($integer));
                        Error::new(ErrorKind::InvalidArgument, message).with_source(error)
                    });
                    Some(number.and_then(|number| number.to_bytes()))
                })*
                _ => None,
            }
        }

        /// The number of bytes, where the codec is one of integers and they are one.
        fn integer_text(codec: &str, bytes: &Bytes) -> Option<String> {
            match codec {
                $(stringify!($integer) => <$integer>::from_bytes(bytes).ok().map(|n| n.to_string()),)*
                _ => None,
            }
        }
    };
}

integers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

/// A key as it was typed: text, or the digits behind `hex:`; `InvalidArgument` for wrong digits.
pub(crate) fn bytes(typed: &str) -> Result<Bytes> {
    let Some(digits) = typed.strip_prefix(HEX) else {
        let text = typed.strip_prefix(TEXT).unwrap_or(typed);
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    };
    hex::decode(digits).map(Bytes::from).map_err(|error| {
        let message = "hex: must be followed by an even number of hexadecimal digits";
        Error::new(ErrorKind::InvalidArgument, message).with_source(error)
    })
}

/// A key as it was typed, for a store of this key codec.
pub(crate) fn key(codec: &str, typed: &str) -> Result<Bytes> {
    match codec {
        _ if typed.starts_with(HEX) => bytes(typed),
        "string" | "bytes" => bytes(typed),
        _ => integer_bytes(codec, typed).unwrap_or_else(|| {
            let message = format!("keys of type {codec} are given as hex: and their stored bytes");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        }),
    }
}

/// A stored key or value to be shown.
#[derive(Debug)]
pub(crate) enum Shown {
    /// JSON as it is: a number, or a value of the codec `json`.
    Json(Box<RawValue>),
    Bytes(Bytes),
}

impl Shown {
    /// A key of a store with this key codec.
    pub(crate) fn key(codec: &str, key: Bytes) -> Self {
        integer_text(codec, &key).and_then(json).unwrap_or(Self::Bytes(key))
    }

    /// A value of a store with this value codec.
    pub(crate) fn value(codec: &str, value: Bytes) -> Self {
        let text = std::str::from_utf8(&value).ok().filter(|_| codec == "json");
        // Between JSON's tokens a line's end is as good as a space, and inside of them there is none.
        text.map(|text| text.replace(['\n', '\r'], " "))
            .and_then(json)
            .unwrap_or(Self::Bytes(value))
    }
}

fn json(text: String) -> Option<Shown> {
    RawValue::from_string(text).ok().map(Shown::Json)
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Json(json) => json.serialize(serializer),
            Self::Bytes(bytes) => Text(bytes).serialize(serializer),
        }
    }
}

impl fmt::Display for Shown {
    /// What [`key`] takes back, with control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Json(json) => return write!(f, "{}", Escaped(json.get())),
            Self::Bytes(bytes) => bytes,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) if text.starts_with(HEX) || text.starts_with(TEXT) => {
                write!(f, "{TEXT}{}", Escaped(text))
            }
            Ok(text) => write!(f, "{}", Escaped(text)),
            Err(_) => write!(f, "{HEX}{}", hex::encode(bytes)),
        }
    }
}

/// Text that cannot command the terminal it is shown on.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            control if control.is_control() => write!(f, "{}", control.escape_default()),
            other => write!(f, "{other}"),
        })
    }
}

/// The beginning of a text, for a column of a table.
pub(crate) fn cut(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Shown, cut, key};

    #[test]
    fn keys_are_typed_as_they_are_shown() {
        for (codec, typed, stored) in [
            ("string", "a b", &b"a b"[..]),
            ("string", "", b""),
            ("string", "text:hex:00", b"hex:00"),
            ("string", "text:text:", b"text:"),
            ("bytes", "hex:00ff", b"\x00\xff"),
            ("u16", "258", b"\x01\x02"),
            ("i8", "-1", b"\x7f"),
            ("(u8,u8)", "hex:01ff", b"\x01\xff"),
        ] {
            assert_eq!(key(codec, typed).unwrap(), stored, "{codec} {typed}");
            let shown = Shown::key(codec, Bytes::copy_from_slice(stored)).to_string();
            assert_eq!(shown, typed, "{codec}");
        }
        assert_eq!(key("i8", "hex:7f").unwrap(), &b"\x7f"[..]);
        for (codec, typed) in [("u8", "256"), ("u8", "a"), ("uuid", "a"), ("string", "hex:0")] {
            assert!(key(codec, typed).is_err(), "{codec} {typed}");
        }
    }

    #[test]
    fn values_of_json_are_shown_as_json() {
        let shown = |codec, value: &'static [u8]| {
            serde_json::to_string(&Shown::value(codec, value.into())).unwrap()
        };
        assert_eq!(
            shown("json", b"{\"a\":\n12345678901234567890123}"),
            "{\"a\": 12345678901234567890123}"
        );
        assert_eq!(shown("raw", b"1"), r#""1""#);
        assert_eq!(shown("json", b"{"), r#""{""#);
        assert_eq!(shown("json", b"\xff"), r#"{"hex":"ff"}"#);
    }

    #[test]
    fn terminals_get_no_commands() {
        assert_eq!(Shown::value("raw", "\x1b[2Jä\n".into()).to_string(), r"\u{1b}[2Jä\n");
        assert_eq!(cut(&"ä".repeat(121)), format!("{}…", "ä".repeat(120)));
    }

    proptest! {
        #[test]
        fn bytes_show_as_what_is_typed_for_them(stored: Vec<u8>) {
            let shown = Shown::key("bytes", stored.clone().into()).to_string();
            prop_assert!(!shown.chars().any(char::is_control));
            if !std::str::from_utf8(&stored).is_ok_and(|text| text.chars().any(char::is_control)) {
                prop_assert_eq!(key("bytes", &shown).unwrap(), stored);
            }
        }
    }
}
