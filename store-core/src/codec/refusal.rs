//! The errors of value codecs: they name the codec, the type and the reason, never the value.

use std::any::type_name;

use crate::{Error, ErrorKind};

/// A value that cannot be encoded.
pub(super) fn encode<T>(codec: &str, reason: impl std::fmt::Display) -> Error {
    let message = format!("cannot encode {} as {codec}: {reason}", type_name::<T>());
    Error::new(ErrorKind::Encode, message)
}

/// Bytes that cannot be decoded.
pub(super) fn decode<T>(codec: &str, reason: impl std::fmt::Display) -> Error {
    let message = format!("cannot decode {} from {codec}: {reason}", type_name::<T>());
    Error::new(ErrorKind::Decode, message)
}

/// What is left behind a value is an error.
#[cfg(any(feature = "cbor", feature = "message-pack", feature = "postcard"))]
pub(super) fn whole<T>(value: T, rest: &[u8], codec: &str) -> crate::Result<T> {
    match rest.len() {
        0 => Ok(value),
        more => Err(decode::<T>(codec, format_args!("{more} bytes stand behind it"))),
    }
}

/// What may be told of serde's message: which field is missing, or what was expected, but not what was found instead.
pub(super) fn told(message: &str) -> &str {
    const FOUND: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];
    const EXPECTED: &str = ", expected ";
    if message.starts_with("missing field `") {
        return message;
    }
    // What was found comes first and may hold these words itself, so the last ones count.
    let expected =
        FOUND.iter().any(|found| message.starts_with(found)).then(|| message.rfind(EXPECTED));
    expected.flatten().map_or("it does not fit the type", |at| &message[at + 2..])
}

/// What is told where the value's own `Serialize` gives an error.
pub(super) const OWN: &str = "its own Serialize gives an error";

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn what_was_found_is_never_told() {
        assert_eq!(
            told("missing field `b` at line 1 column 7"),
            "missing field `b` at line 1 column 7"
        );
        assert_eq!(told("invalid type: string \"secret\", expected u64"), "expected u64");
        assert_eq!(
            told("invalid value: string \"a, expected secret\", expected a date"),
            "expected a date"
        );
        assert_eq!(
            told("invalid length 3, expected a tuple of size 2"),
            "expected a tuple of size 2"
        );
        for quoting in [
            "unknown field `secret, expected x`, there are no fields",
            "secret",
            "invalid type: secret",
        ] {
            assert_eq!(told(quoting), "it does not fit the type");
        }
    }
}
