//! Keys (K).

use super::{Entry, run};
use crate::cases::keys::{apart, limits, names, order};

pub(super) const ENTRIES: &[Entry] = &[
    run!("K01", "binary keys", apart::binary_keys),
    run!("K02", "an empty key is a key", apart::an_empty_key),
    run!("K03", "keys at the limit, and one byte more", limits::keys_of_every_kind),
    run!("K04", "the limit counts bytes, not characters", limits::counted_in_bytes),
    run!("K05", "texts of all scripts are apart", apart::texts_of_all_scripts),
    run!("K06", "keys that differ by case", apart::case),
    run!("K07", "punctuation and spaces mean nothing", apart::punctuation_and_spaces),
    run!("K08", "percent signs mean nothing", apart::percent_signs),
    run!("K09", "parts of keys and names do not run together", apart::parts),
    run!("K11", "slashes, dots and spaces at the ends stay", apart::paths),
    run!("K12", "what ends like a query or fragment", apart::queries_and_fragments),
    run!("K13", "a key beside its extensions", apart::extensions),
    run!("K15", "order around the highest bit", order::around_the_highest_bit),
    run!("K16", "10 000 keys after a long common prefix", order::after_a_long_common_prefix),
    run!("K17", "long names with a common beginning", names::long_names),
    run!("K18", "reserved names are refused, others free", names::reserved_names),
];
