//! Reading a graph, its own or somebody else's.

use std::{borrow::Borrow, fmt, marker::PhantomData};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    StreamExt, TryFutureExt,
    stream::{self, BoxStream},
};
use store::{
    Error, Order, ReadMaps, Result,
    backend::StoreSpec,
    codec::{Codec, Key},
    prelude::StateStore,
};

use super::{
    Direction, Reachable, ReadOnlyGraphStore,
    layout::{Side, keys},
    traversal::reachable,
};

/// A graph over its maps: `Maps` for its owner, `ReadMaps` for a reader.
pub(super) struct Store<M, N, E, C> {
    pub(super) maps: M,
    pub(super) codec: C,
    types: PhantomData<fn() -> (N, E)>,
}

impl<M, N, E, C> Store<M, N, E, C>
where
    M: Borrow<ReadMaps>,
    N: Key,
    C: Codec<E>,
{
    pub(super) const fn new(maps: M, codec: C) -> Self {
        Self { maps, codec, types: PhantomData }
    }

    /// Runs an operation; an error says which graph it comes from.
    pub(super) fn run<T>(
        &self,
        operation: impl Future<Output = Result<T>> + Send,
    ) -> impl Future<Output = Result<T>> + Send {
        let maps = self.maps.borrow().clone();
        operation.map_err(move |error| maps.named(error))
    }

    /// The lock of a node that is not too long.
    pub(super) fn lock_of(&self, node: &N) -> Result<Bytes> {
        let lock = Side::new(Direction::Out, node)?.begin();
        self.maps.borrow().check_key(&lock)?;
        Ok(lock)
    }

    /// Both keys of an edge, neither too long: what every backend takes is promised for a whole key only.
    pub(super) fn keys(&self, from: &N, to: &N) -> Result<[Bytes; 2]> {
        let keys = keys(from, to)?;
        keys.iter().try_for_each(|key| self.maps.borrow().check_key(key))?;
        Ok(keys)
    }

    pub(super) fn decode(&self, edge: Option<Bytes>) -> Result<Option<E>> {
        edge.map(|edge| self.codec.decode(edge)).transpose()
    }
}

#[async_trait]
impl<M, N, E, C> ReadOnlyGraphStore<N, E> for Store<M, N, E, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    N: Key,
    E: Send + Sync + 'static,
    C: Codec<E>,
{
    async fn edge(&self, from: &N, to: &N) -> Result<Option<E>> {
        let edge = async {
            let [leaving, _] = self.keys(from, to)?;
            self.decode(self.maps.borrow().get(None, &leaving).await?)
        };
        self.run(edge).await
    }

    fn neighbours(&self, node: &N, direction: Direction) -> BoxStream<'static, Result<(N, E)>> {
        let (maps, codec) = (self.maps.borrow().clone(), self.codec.clone());
        let side = match self.lock_of(node).and_then(|_| Side::new(direction, node)) {
            Ok(side) => side,
            Err(error) => return stream::iter([Err(maps.named(error))]).boxed(),
        };
        let edges = maps.scan(None, side.range(), Order::Forward).map(move |entry| {
            let edge = entry.and_then(|(key, edge)| {
                Ok((N::from_bytes(&side.other(&key))?, codec.decode(edge)?))
            });
            edge.map_err(|error: Error| maps.named(error))
        });
        edges.boxed()
    }

    async fn reachable(&self, start: &N, max_hops: u32, max_nodes: usize) -> Result<Reachable<N>> {
        let reach = async {
            self.lock_of(start)?;
            reachable(self.maps.borrow(), start.to_bytes()?, max_hops, max_nodes).await
        };
        self.run(reach).await
    }
}

impl<M, N, E, C> StateStore for Store<M, N, E, C>
where
    M: Borrow<ReadMaps> + Send + Sync + 'static,
    N: 'static,
    E: 'static,
    C: Send + Sync + 'static,
{
    fn spec(&self) -> &StoreSpec {
        self.maps.borrow().spec()
    }
}

impl<M: Borrow<ReadMaps>, N, E, C> fmt::Debug for Store<M, N, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("spec", self.maps.borrow().spec()).finish()
    }
}
