//! What a backend can do.

/// What a backend can do and where its own limits are.
///
/// They hold for all its tasks and handles. The engine keeps callers to the limits; a backend gets keys and values up to and
/// including them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Its name in messages and reports, for example `memory`.
    pub backend: &'static str,
    /// Whether committed state outlives the process: what was acknowledged is there after a kill, and after a loss of power
    /// as far as the database can promise it.
    pub persistent: bool,
    /// Whether [`approximate_len`](super::TaskReader::approximate_len) is exact.
    pub exact_len: bool,
    /// Whether values can be searched by their indexed fields.
    pub search: bool,
    /// The longest key of a map, in bytes, composite parts included: at least 20 KiB, so that every kind takes the portable
    /// 8 KiB of a user.
    pub max_key_bytes: usize,
    /// The longest value, in bytes, with what a kind's layout adds: at least 64 bytes above the portable 8 MiB.
    pub max_value_bytes: usize,
}

impl Capabilities {
    /// A backend that keeps nothing beyond the process, counts inexactly and does not search; set the fields for what it
    /// does.
    #[must_use]
    pub const fn new(backend: &'static str, max_key_bytes: usize, max_value_bytes: usize) -> Self {
        Self {
            backend,
            persistent: false,
            exact_len: false,
            search: false,
            max_key_bytes,
            max_value_bytes,
        }
    }
}
