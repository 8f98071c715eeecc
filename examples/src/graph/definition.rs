//! What a graph is called and how it is encoded.

use std::{marker::PhantomData, sync::Arc};

use store::{
    Maps, ReadDefinition, ReadMaps, Result, StoreDefinition,
    backend::StoreSpec,
    codec::{Codec, Json, Key},
};

use super::{GraphStore, ReadOnlyGraphStore, reader::Store};

/// Names a graph with the types of its nodes and edges; the values of edges are JSON unless said otherwise.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use examples::graph::Graph;
///
/// static ROADS: Graph<String, u32> = Graph::new("roads");
///
/// let database = store::connect("memory:").await?;
/// let task = database.task("map", 0).store(&ROADS).open().await?;
/// let roads = task.store(&ROADS)?;
/// let [a, b, c] = ["Aachen", "Bonn", "Celle"].map(str::to_owned);
/// roads.connect(&a, &b, &91).await?;
/// roads.connect(&b, &c, &370).await?;
/// let reachable = roads.reachable(&a, 2, 100).await?;
/// assert_eq!(reachable.nodes, [(a, 0), (b, 1), (c, 2)]);
/// # store::Result::<()>::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Graph<N, E, C = Json> {
    name: &'static str,
    codec: C,
    types: PhantomData<fn() -> (N, E)>,
}

impl<N, E> Graph<N, E> {
    /// A graph of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, codec: Json, types: PhantomData }
    }
}

impl<N, E, C: Copy> Graph<N, E, C> {
    /// The same graph with another codec of values.
    #[must_use]
    pub const fn values<D>(self, codec: D) -> Graph<N, E, D> {
        Graph { name: self.name, codec, types: PhantomData }
    }
}

impl<N, E, C> StoreDefinition for Graph<N, E, C>
where
    N: Key,
    E: Send + Sync + 'static,
    C: Codec<E>,
{
    type Store = Arc<dyn GraphStore<N, E>>;

    fn spec(&self) -> Result<StoreSpec> {
        Ok(StoreSpec::new(self.name.parse()?, "example.graph/1", N::codec(), self.codec.name()))
    }

    fn open(&self, maps: Maps) -> Self::Store {
        Arc::new(Store::new(maps, self.codec.clone()))
    }
}

impl<N, E, C> ReadDefinition for Graph<N, E, C>
where
    N: Key,
    E: Send + Sync + 'static,
    C: Codec<E>,
{
    type Reader = Arc<dyn ReadOnlyGraphStore<N, E>>;

    fn reader(&self, maps: ReadMaps) -> Self::Reader {
        Arc::new(Store::new(maps, self.codec.clone()))
    }
}
