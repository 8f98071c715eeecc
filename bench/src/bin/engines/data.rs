//! Keys and values: 16 and 200 bytes, the same in every run.

/// Maps that hold the loaded entries: two per task, four tasks.
pub(crate) const MAPS: u32 = 8;
/// The map that holds one checkpoint record per task.
pub(crate) const META_MAP: u32 = 1_000_000;

/// A bijection of 64-bit numbers that looks random.
pub(crate) fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The key of entry `n`: spread over the key space, distinct for every `n`.
pub(crate) fn key(n: u64) -> Vec<u8> {
    [mix(n).to_be_bytes(), n.to_be_bytes()].concat()
}

/// The map that entry `n` is loaded into.
pub(crate) fn map_of(n: u64) -> u32 {
    u32::try_from(n % u64::from(MAPS)).unwrap_or_default()
}

/// A value of 200 bytes, half of it incompressible, as a small JSON document would be.
pub(crate) fn value(n: u64, version: u64) -> Vec<u8> {
    let mut value = vec![b'{'; 200];
    for (at, chunk) in value[..100].chunks_mut(8).enumerate() {
        let random = mix(n ^ (version << 40) ^ ((at as u64) << 56)).to_be_bytes();
        chunk.copy_from_slice(&random[..chunk.len()]);
    }
    value
}

/// A small sequence of pseudo-random numbers.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0) % bound.max(1)
    }
}
