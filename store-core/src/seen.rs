//! How many rows an adapter asks for, where the database counts rows and not bytes: what came before says how large they are.

/// What scans of a store have shown of its entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// The most that one request has brought.
    pub rows: usize,
    /// Bytes of the largest, of late.
    pub largest: usize,
}

/// Rows asked of a bucket while nothing is known: with one, a bucket of one entry would not show its end.
pub const FIRST_ROWS: usize = 2;

/// How many times more rows are asked for than ever came at once.
const GROWTH: usize = 4;

/// Rows asked of a bucket at most.
const MOST_ROWS: usize = 2000;

impl Seen {
    /// What some requests have brought.
    #[must_use]
    pub const fn new(rows: usize, largest: usize) -> Self {
        Self { rows, largest }
    }

    /// How many rows to ask each of some buckets for, where so many entries are wanted of all, and so many bytes fit.
    ///
    /// A server counts rows, not bytes. So the first request asks for few, and each further one for no more than fit if they
    /// are as large as the largest; one of each bucket is needed, however large.
    #[must_use]
    pub fn ask(self, entries: usize, bytes: usize, buckets: usize) -> usize {
        let buckets = buckets.max(1);
        let share = entries.div_ceil(buckets);
        // A little more than its share, since keys are not spread evenly.
        let share = share.saturating_add(share / 4 + 1).min(MOST_ROWS);
        let fit = bytes / buckets / self.largest.max(1);
        share.min(fit).min((self.rows * GROWTH).max(FIRST_ROWS)).max(1)
    }

    /// With one more row of this size.
    #[must_use]
    pub fn with(self, size: usize) -> Self {
        Self { rows: self.rows + 1, largest: self.largest.max(size) }
    }

    /// The larger of both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { rows: self.rows.max(other.rows), largest: self.largest.max(other.largest) }
    }

    /// Takes in what some requests have brought. A large entry is forgotten after some that bring small ones.
    pub fn learn(&mut self, came: Self) {
        if came.rows > 0 {
            self.largest /= 2;
            *self = self.max(came);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    /// Entries and bytes of a page, and buckets, as they are by default.
    const PAGE: (usize, usize, usize) = (1000, 4 << 20, 16);

    /// What a scan asks for of each bucket, request after request, where entries have these sizes.
    fn asked(seen: &mut Seen, sizes: &[usize]) -> Vec<usize> {
        let (entries, bytes, buckets) = PAGE;
        let ask = |size: &usize| {
            let rows = seen.ask(entries, bytes, buckets);
            seen.learn(Seen { rows, largest: *size });
            rows
        };
        sizes.iter().map(ask).collect()
    }

    #[test]
    fn small_entries_are_asked_for_in_growing_numbers_up_to_a_share() {
        let mut seen = Seen::default();
        assert_eq!(asked(&mut seen, &[100; 6]), [2, 8, 32, 79, 79, 79]);
        assert_eq!(seen.ask(1000, 4 << 20, 1), 316, "a bucket alone");
        assert_eq!(seen.ask(1, 4 << 20, 16), 2, "one is wanted");
    }

    #[test]
    fn large_entries_are_asked_for_one_by_one_once_they_are_known() {
        assert_eq!(asked(&mut Seen::default(), &[8 << 20; 4]), [2, 1, 1, 1]);
        // 16 buckets of 4 entries of 64 KiB are a page.
        assert_eq!(asked(&mut Seen::default(), &[64 << 10; 4]), [2, 4, 4, 4]);
    }

    /// Whatever the size of entries, if they are alike: a page's bytes, or an entry of each bucket.
    #[test]
    fn what_one_round_brings_fits_into_the_page() {
        let (entries, bytes, buckets) = PAGE;
        for size in (0..24).map(|power| 1 << power) {
            let mut seen = Seen { rows: 2, largest: size };
            for _ in 0..20 {
                let rows = seen.ask(entries, bytes, buckets);
                assert!(rows == 1 || rows * buckets * size <= bytes, "{rows} rows of {size} bytes");
                seen.learn(Seen { rows, largest: size });
            }
            let fit = bytes / buckets / size;
            assert_eq!(seen.ask(entries, bytes, buckets), fit.clamp(1, 79), "of {size} bytes");
        }
    }

    #[test]
    fn one_large_entry_among_small_ones_is_forgotten_after_a_while() {
        let mut seen = Seen::default();
        asked(&mut seen, &[100; 5]);
        let mut sizes = vec![1 << 20];
        sizes.extend([100; 12]);
        let asked = asked(&mut seen, &sizes);
        assert_eq!(asked[..3], [79, 1, 1], "{asked:?}");
        assert_eq!(asked[12], 79, "{asked:?}");
    }

    #[test]
    fn what_is_held_already_leaves_less_room() {
        let seen = Seen { rows: 80, largest: 1000 };
        assert_eq!(seen.ask(1000, 1_600_000, 16), 79);
        assert_eq!(seen.ask(1000, 160_000, 16), 10);
        assert_eq!(seen.ask(1000, 0, 16), 1);
        assert_eq!(seen.ask(usize::MAX, usize::MAX, 0), 320, "no limit overflows");
    }

    #[test]
    fn a_request_that_brings_nothing_teaches_nothing() {
        let mut seen = Seen { rows: 7, largest: 100 };
        seen.learn(Seen::default());
        assert_eq!(seen, Seen { rows: 7, largest: 100 });
    }
}
