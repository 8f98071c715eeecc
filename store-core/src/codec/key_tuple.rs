//! Order-preserving keys of several parts.

use super::Key;
use crate::Result;

macro_rules! tuple {
    ($last:ident $($part:ident)+) => {
        #[allow(non_snake_case, reason = "one name for the type and its value")]
        impl<$($part: Key,)+ $last: Key> Key for ($($part,)+ $last) {
            fn codec() -> String {
                format!("({})", [$($part::codec(),)+ $last::codec()].join(","))
            }

            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                let ($($part,)+ $last) = self;
                $($part.encode_part(out)?;)+
                $last.encode_part(out)
            }

            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                Ok(($($part::decode_part(bytes)?,)+ $last::decode_part(bytes)?))
            }

            fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
                let ($($part,)+ $last) = self;
                $($part.encode_part(out)?;)+
                $last.encode_last(out)
            }

            fn decode_last(mut bytes: &[u8]) -> Result<Self> {
                Ok(($($part::decode_part(&mut bytes)?,)+ $last::decode_last(bytes)?))
            }
        }
    };
}

tuple!(B A);
tuple!(C A B);
tuple!(D A B C);
