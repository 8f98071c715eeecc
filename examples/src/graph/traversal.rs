//! Breadth first, within limits.

use std::collections::HashSet;

use bytes::Bytes;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use store::{Order, ReadMaps, Result, codec::Key};

use super::{Direction, layout::Side};

/// How many nodes of one distance are followed at a time.
const SCANS: usize = 8;

/// What a traversal has found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reachable<N> {
    /// The nodes and how many hops they are away, the nearest first.
    pub nodes: Vec<(N, u32)>,
    /// Whether there is no other node within the hops: false where the limit of nodes left one out.
    pub complete: bool,
}

/// The nodes reachable from the encoded `start`.
pub(super) async fn reachable<N: Key>(
    maps: &ReadMaps,
    start: Bytes,
    max_hops: u32,
    max_nodes: usize,
) -> Result<Reachable<N>> {
    let mut nodes = Vec::new();
    if max_nodes == 0 {
        return Ok(Reachable { nodes, complete: false });
    }
    nodes.push((N::from_bytes(&start)?, 0));
    let mut seen = HashSet::from([start]);
    let mut followed = 0;
    for hops in 1..=max_hops {
        let level = nodes[followed..].iter().map(|(node, _)| Side::new(Direction::Out, node));
        let level = level.collect::<Result<Vec<_>>>()?;
        if level.is_empty() {
            break;
        }
        followed = nodes.len();
        let mut found = ends(maps.clone(), level, max_nodes);
        while let Some(ends) = found.try_next().await? {
            for end in ends {
                if seen.contains(&end) {
                    continue;
                }
                if nodes.len() == max_nodes {
                    return Ok(Reachable { nodes, complete: false });
                }
                nodes.push((N::from_bytes(&end)?, hops));
                seen.insert(end);
            }
        }
    }
    Ok(Reachable { nodes, complete: true })
}

/// The encoded ends of the edges of each node, several nodes at a time, in the order of the nodes.
///
/// One end more than may be seen: if all of so many were seen, there would be more nodes than allowed.
fn ends(
    maps: ReadMaps,
    nodes: Vec<Side>,
    max_nodes: usize,
) -> BoxStream<'static, Result<Vec<Bytes>>> {
    let scan = move |side: Side| {
        let edges = maps.scan(None, side.range(), Order::Forward);
        // A copy, since a piece of a page would keep the whole page.
        let ends = edges.map_ok(move |(key, _)| Bytes::copy_from_slice(&side.other(&key)));
        ends.take(max_nodes.saturating_add(1)).try_collect()
    };
    stream::iter(nodes).map(scan).buffered(SCANS).boxed()
}
