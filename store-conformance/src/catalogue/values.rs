//! Values and codecs (V).

use super::{Entry, run};
use crate::cases::values::{damaged, limits, other, stored, types};

pub(super) const ENTRIES: &[Entry] = &[
    run!("V01", "empty values of every kind", limits::empty_values),
    run!("V03", "values at the limit, and one byte more", limits::at_the_limit_and_above),
    run!("V04", "values around the backend's own limit", limits::around_the_backends_own_limit),
    run!("V07", "zero, empty and none are not absent", types::empty_ones_are_not_absent),
    run!("V08", "another codec or type is refused", other::another_codec_or_type),
    run!("V09", "a damaged value is told, by its key", damaged::damage_is_told),
    run!("V10", "a newer layout is refused", other::a_newer_layout),
    run!("V11", "numbers at their ends are exact or refused", types::numbers_at_their_ends),
    run!("V13", "what cannot be encoded changes nothing", types::what_cannot_be_encoded),
    run!("V15", "the same bytes by every way", types::the_same_by_every_way),
    run!("V16", "stored bytes are these", stored::literal_bytes),
    run!("V17", "what an earlier release stored is read", stored::an_earlier_release),
];
