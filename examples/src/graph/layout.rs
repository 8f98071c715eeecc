//! Edges as keys.

use bytes::Bytes;
use store::{Result, backend::KeyRange, codec::Key};

use super::Direction;

/// The edges of one node in one direction: the keys that begin with these bytes.
pub(super) struct Side(Bytes);

impl Side {
    pub(super) fn new<N: Key>(direction: Direction, node: &N) -> Result<Self> {
        let mut begin = vec![match direction {
            Direction::Out => 0,
            Direction::In => 1,
        }];
        node.encode_part(&mut begin)?;
        Ok(Self(begin.into()))
    }

    /// The bytes themselves: those of the edges that leave a node are its lock.
    pub(super) fn begin(&self) -> Bytes {
        self.0.clone()
    }

    pub(super) fn range(&self) -> KeyRange {
        KeyRange::prefix(self.0.clone())
    }

    /// The key of the edge whose other end is this node.
    pub(super) fn key<N: Key>(&self, other: &N) -> Result<Bytes> {
        let mut key = self.0.to_vec();
        other.encode_last(&mut key)?;
        Ok(key.into())
    }

    /// The encoded node at the other end of an edge in the range.
    pub(super) fn other(&self, key: &Bytes) -> Bytes {
        key.slice(self.0.len()..)
    }
}

/// The lock of those who remove whole nodes; no node's, which begin with a direction.
pub(super) const REMOVAL: Bytes = Bytes::from_static(b"\x02");

/// Both keys of an edge.
pub(super) fn keys<N: Key>(from: &N, to: &N) -> Result<[Bytes; 2]> {
    Ok([Side::new(Direction::Out, from)?.key(to)?, Side::new(Direction::In, to)?.key(from)?])
}

#[cfg(test)]
mod tests {
    use super::{Direction, Side, keys};

    #[test]
    fn golden_bytes() {
        let text = str::to_owned;
        let [leaving, entering] = keys(&text("a"), &text("b\0")).unwrap();
        assert_eq!(leaving, &b"\x00a\x00\x00b\x00"[..]);
        assert_eq!(entering, &b"\x01b\x00\xff\x00\x00a"[..]);
        assert_eq!(keys(&1_u16, &2_u16).unwrap().concat(), b"\x00\0\x01\0\x02\x01\0\x02\0\x01");
        let side = Side::new(Direction::In, &text("b\0")).unwrap();
        assert!(side.range().contains(&entering) && !side.range().contains(&leaving));
        assert_eq!(side.other(&entering), &b"a"[..]);
    }
}
