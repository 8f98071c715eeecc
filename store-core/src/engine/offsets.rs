//! How far each source has been processed.

use std::{collections::BTreeMap, ops::Range};

use crate::{Error, ErrorKind, Result, backend::Checkpoint};

/// The offsets of a commit: for each source the next position to read, or `None` to forget the source.
///
/// They are merged into the stored ones: sources not named keep theirs. A lower offset than the stored one goes back:
/// what lies behind it counts as not processed. Names are 1 to 4096 bytes, offsets are not negative.
///
/// ```
/// use store_core::Offsets;
///
/// let _ = Offsets::from([("words.txt", 42)]);
/// let _ = Offsets::from([("topic-0", Some(7)), ("old-topic-0", None)]);
/// let _ = Offsets::from(()); // keep all
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets(BTreeMap<String, Option<i64>>);

impl From<()> for Offsets {
    fn from((): ()) -> Self {
        Self::default()
    }
}

impl<S: Into<String>, O: Into<Option<i64>>, const N: usize> From<[(S, O); N]> for Offsets {
    fn from(offsets: [(S, O); N]) -> Self {
        offsets.into_iter().collect()
    }
}

impl<S: Into<String>, O: Into<Option<i64>>> From<BTreeMap<S, O>> for Offsets {
    fn from(offsets: BTreeMap<S, O>) -> Self {
        offsets.into_iter().collect()
    }
}

impl<S: Into<String>, O: Into<Option<i64>>> FromIterator<(S, O)> for Offsets {
    fn from_iter<I: IntoIterator<Item = (S, O)>>(offsets: I) -> Self {
        let offsets = offsets.into_iter();
        Self(offsets.map(|(source, offset)| (source.into(), offset.into())).collect())
    }
}

/// The positions that one record of a source takes up: a single one, or a half-open range.
///
/// A range is for sources whose positions have holes, such as byte offsets of lines, or a log in which some positions
/// hold no record: it starts where the record before it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span(Range<i64>);

impl From<i64> for Span {
    fn from(position: i64) -> Self {
        Self(position..position.saturating_add(1))
    }
}

impl From<Range<i64>> for Span {
    fn from(range: Range<i64>) -> Self {
        Self(range)
    }
}

/// The longest name of a source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 4096;

/// Checks the name of a source.
pub(super) fn check_source(source: &str) -> Result<()> {
    if (1..=MAX_SOURCE_BYTES).contains(&source.len()) {
        return Ok(());
    }
    let message = format!(
        "the name of a source has {} bytes, and must have 1 to {MAX_SOURCE_BYTES}",
        source.len()
    );
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

impl Offsets {
    /// `InvalidArgument` for a negative offset or a name that is empty or too long.
    pub(super) fn check(&self) -> Result<()> {
        for (source, offset) in &self.0 {
            check_source(source)?;
            if offset.is_some_and(|offset| offset < 0) {
                let message = format!("the offset of source {source:?} is negative");
                return Err(Error::new(ErrorKind::InvalidArgument, message));
            }
        }
        Ok(())
    }

    /// Merges these offsets into those of a checkpoint.
    pub(super) fn merge_into(self, checkpoint: &mut Checkpoint) {
        for (source, offset) in self.0 {
            match offset {
                None => {
                    checkpoint.offsets.remove(&source);
                    checkpoint.ahead.remove(&source);
                }
                Some(offset) => {
                    checkpoint.offsets.insert(source.clone(), offset);
                    settle(checkpoint, &source, offset);
                }
            }
        }
    }
}

impl Span {
    /// Whether all of it has been processed already. A part of it, or an empty or negative span, is `InvalidArgument`.
    pub(super) fn is_done(&self, checkpoint: &Checkpoint, source: &str) -> Result<bool> {
        let Range { start, end } = self.0;
        let refuse = |what: &str| {
            let message = format!("positions {start}..{end} of source {source:?} {what}");
            Err(Error::new(ErrorKind::InvalidArgument, message))
        };
        if start < 0 || start >= end {
            return refuse("are negative or empty");
        }
        let done = 0..checkpoint.offsets.get(source).copied().unwrap_or(0);
        let ahead = checkpoint.ahead.get(source).into_iter().flatten().map(|&(from, to)| from..to);
        for range in std::iter::once(done).chain(ahead) {
            if range.start <= start && end <= range.end {
                return Ok(true);
            }
            if range.start < end && start < range.end {
                return refuse(
                    "are processed in part: positions must be cut the same way each time",
                );
            }
        }
        Ok(false)
    }

    /// Whether two spans share a position.
    pub(super) const fn overlaps(&self, other: &Self) -> bool {
        self.0.start < other.0.end && other.0.start < self.0.end
    }

    /// Records the span as processed.
    pub(super) fn finish(self, checkpoint: &mut Checkpoint, source: &str) {
        let ranges = checkpoint.ahead.entry(source.to_owned()).or_default();
        let at = ranges.partition_point(|&(from, _)| from < self.0.start);
        ranges.insert(at, (self.0.start, self.0.end));
        ranges.dedup_by(|next, before| {
            let joined = before.1 == next.0;
            if joined {
                before.1 = next.1;
            }
            joined
        });
        let offset = checkpoint.offsets.get(source).copied().unwrap_or(0);
        settle(checkpoint, source, offset);
    }
}

/// Moves the offset over finished ranges that join it, and forgets those below it.
fn settle(checkpoint: &mut Checkpoint, source: &str, mut offset: i64) {
    let Some(ranges) = checkpoint.ahead.get_mut(source) else { return };
    let before = offset;
    ranges.retain_mut(|(from, to)| {
        if *from <= offset {
            offset = offset.max(*to);
        }
        *from > offset
    });
    if ranges.is_empty() {
        checkpoint.ahead.remove(source);
    }
    if offset != before {
        checkpoint.offsets.insert(source.to_owned(), offset);
    }
}

#[cfg(test)]
mod tests {
    use super::{Offsets, Span};
    use crate::backend::Checkpoint;

    fn finish(checkpoint: &mut Checkpoint, span: impl Into<Span>) {
        let span = span.into();
        assert!(!span.is_done(checkpoint, "s").unwrap());
        span.finish(checkpoint, "s");
    }

    #[test]
    fn spans_join_and_wait_above_gaps() {
        let mut checkpoint = Checkpoint::default();
        finish(&mut checkpoint, 2);
        finish(&mut checkpoint, 4..9);
        assert_eq!(checkpoint.ahead["s"], [(2, 3), (4, 9)]);
        assert!(checkpoint.offsets.is_empty());
        finish(&mut checkpoint, 3);
        assert_eq!(checkpoint.ahead["s"], [(2, 9)]);
        finish(&mut checkpoint, 0..2);
        assert_eq!(checkpoint.offsets["s"], 9);
        assert!(checkpoint.ahead.is_empty());
        assert!(Span::from(8).is_done(&checkpoint, "s").unwrap());
        assert!(!Span::from(8).is_done(&checkpoint, "other").unwrap());
    }

    #[test]
    fn a_span_done_in_part_is_refused() {
        let mut checkpoint = Checkpoint::default();
        finish(&mut checkpoint, 0..5);
        finish(&mut checkpoint, 7..9);
        for span in [4..6, 6..8, -1..0, 5..5] {
            assert!(Span::from(span).is_done(&checkpoint, "s").is_err());
        }
    }

    #[test]
    fn offsets_merge_and_forget() {
        let mut checkpoint = Checkpoint::default();
        finish(&mut checkpoint, 5..7);
        Offsets::from([("s", 6), ("t", 1)]).merge_into(&mut checkpoint);
        assert_eq!((checkpoint.offsets["s"], checkpoint.offsets["t"]), (7, 1));
        Offsets::from([("s", None)]).merge_into(&mut checkpoint);
        assert_eq!(checkpoint.offsets.len(), 1);
        Offsets::from(()).merge_into(&mut checkpoint);
        assert_eq!(checkpoint.offsets["t"], 1);
    }
}
