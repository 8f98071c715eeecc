//! Dates and instants as keys.

use jiff::{Timestamp, civil::Date};

use super::{Key, composite::malformed};
use crate::{Error, Result};

fn out_of_range(error: jiff::Error) -> Error {
    malformed("it is no date or instant").with_source(error)
}

impl Key for Date {
    fn codec() -> String {
        "date".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.year().encode_part(out)?;
        self.month().encode_part(out)?;
        self.day().encode_part(out)
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        let (year, month) = (i16::decode_part(bytes)?, i8::decode_part(bytes)?);
        Self::new(year, month, i8::decode_part(bytes)?).map_err(out_of_range)
    }
}

const NANOS_PER_SECOND: i128 = 1_000_000_000;

impl Key for Timestamp {
    fn codec() -> String {
        "timestamp".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        let nanos = self.as_nanosecond();
        // Invariant: a timestamp lies within years -9999 and 9999.
        let second = i64::try_from(nanos.div_euclid(NANOS_PER_SECOND)).expect("seconds fit");
        let nano = u32::try_from(nanos.rem_euclid(NANOS_PER_SECOND)).expect("below a billion");
        second.encode_part(out)?;
        nano.encode_part(out)
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        let (second, nano) = (i64::decode_part(bytes)?, u32::decode_part(bytes)?);
        if i128::from(nano) >= NANOS_PER_SECOND {
            return Err(malformed("it is no instant"));
        }
        let nanos = i128::from(second) * NANOS_PER_SECOND + i128::from(nano);
        Self::from_nanosecond(nanos).map_err(out_of_range)
    }
}
