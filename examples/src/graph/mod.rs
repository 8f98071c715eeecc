//! A graph store: directed edges with values between nodes. A store kind of one's own, made of nothing but what the
//! crate `store` exports.
//!
//! An edge goes from a node to a node and there is at most one each way; a node may have an edge to itself. A node is
//! there by its edges only.
//!
//! Layout, version 1: one map that holds every edge twice, so that each direction is one scan. `00`, the node it leaves
//! (so that more can follow) and the node it enters (as the last part); `01` and the two the other way round. Both have
//! the encoded value of the edge. They are changed in one batch of writes, so they never disagree: no commit, rollback or
//! crash falls between them.
//!
//! Locks: an edge is changed under those of both its nodes. A node is removed under its own, which keeps all of its edges
//! as they are, and under one that removals share: two of them may have an edge in common. A node's lock is `00` and the
//! node, as its edges begin.
//!
//! Calls to the backend, beside what is in the buffers: `edge`, `connect`, `disconnect` 1 read; `neighbours` a scan, page
//! by page; `remove_node` two scans; `reachable` a scan per node it follows, eight at a time, and none per edge.

mod definition;
mod layout;
mod owner;
mod reader;
mod traversal;

use async_trait::async_trait;
use futures::stream::BoxStream;
use store::{Result, prelude::StateStore};

pub use self::{definition::Graph, traversal::Reachable};

/// Which edges of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "an edge has two ends")]
pub enum Direction {
    /// Those that leave it.
    Out,
    /// Those that enter it.
    In,
}

/// Reads a graph.
///
/// - The owner's reads see its uncommitted writes; a reader of somebody else's task sees whole commits, and each page of
///   a stream or traversal may come from a later one.
/// - `TooLarge` for a node, or two nodes of an edge together, above the limit of a key; `Decode` where a codec fails.
#[async_trait]
pub trait ReadOnlyGraphStore<N, E>: StateStore
where
    N: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// The edge from a node to a node.
    async fn edge(&self, from: &N, to: &N) -> Result<Option<E>>;

    /// The nodes at the other end of a node's edges and the values of these edges, ascending by node.
    ///
    /// The stream is fetched page by page in bounded memory; writes made meanwhile show or not.
    fn neighbours(&self, node: &N, direction: Direction) -> BoxStream<'static, Result<(N, E)>>;

    /// The nodes to be reached from `start` over at most `max_hops` edges, breadth first, at most `max_nodes` of them.
    ///
    /// `start` is the first, in no hops, also where it has no edge. Nodes of one distance come in the order of the nodes
    /// they are found by, then ascending, so that the same graph gives the same answer everywhere. Memory is bounded by
    /// `max_nodes` for each of the eight scans that run at a time, and their pages.
    async fn reachable(&self, start: &N, max_hops: u32, max_nodes: usize) -> Result<Reachable<N>>;
}

/// A graph of a claimed task.
///
/// - Operations on one node wait for each other, so that no pair loses a write.
/// - Writes are buffered until the task commits. `BufferFull` at the hard memory limit, `TooLarge` for a value above the
///   limit, `Encode` where the codec fails: then nothing is written.
/// - A dropped future of a write has written nothing, unless it was done.
#[async_trait]
pub trait GraphStore<N, E>: ReadOnlyGraphStore<N, E>
where
    N: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// Sets the edge from a node to a node and gives its old value.
    async fn connect(&self, from: &N, to: &N, edge: &E) -> Result<Option<E>>;

    /// Takes the edge away and gives its old value.
    async fn disconnect(&self, from: &N, to: &N) -> Result<Option<E>>;

    /// Takes all edges of a node away, in both directions and as one; gives how many there were.
    ///
    /// Removals of a graph wait for each other.
    /// `TooLarge`, with nothing written, where they do not fit into `uncommitted_hard_bytes` together: then disconnect
    /// them one by one, committing in between.
    async fn remove_node(&self, node: &N) -> Result<u64>;
}
