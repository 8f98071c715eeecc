//! Writing a graph.

use async_trait::async_trait;
use futures::TryStreamExt;
use store::{
    KeyLock, Maps, Order, Result, Writes,
    codec::{Codec, Key},
};

use super::{
    Direction, GraphStore,
    layout::{REMOVAL, Side, keys},
    reader::Store,
};

impl<N: Key, E: Send, C: Codec<E>> Store<Maps, N, E, C> {
    /// Waits for both nodes of an edge.
    async fn lock(&self, from: &N, to: &N) -> Result<KeyLock> {
        self.maps.lock_all([self.lock_of(from)?, self.lock_of(to)?].into()).await
    }
}

#[async_trait]
impl<N, E, C> GraphStore<N, E> for Store<Maps, N, E, C>
where
    N: Key,
    E: Send + Sync + 'static,
    C: Codec<E>,
{
    async fn connect(&self, from: &N, to: &N, edge: &E) -> Result<Option<E>> {
        let connect = async {
            let ([leaving, entering], edge) = (self.keys(from, to)?, self.codec.encode(edge)?);
            self.maps.check_value(&edge)?;
            let lock = self.lock(from, to).await?;
            let old = self.decode(self.maps.get(None, &leaving).await?)?;
            let writes = Writes::new().put(None, leaving, edge.clone()).put(None, entering, edge);
            lock.write(writes).await?;
            Ok(old)
        };
        self.run(connect).await
    }

    async fn disconnect(&self, from: &N, to: &N) -> Result<Option<E>> {
        let disconnect = async {
            let [leaving, entering] = self.keys(from, to)?;
            let lock = self.lock(from, to).await?;
            let old = self.decode(self.maps.get(None, &leaving).await?)?;
            if old.is_some() {
                lock.write(Writes::new().delete(None, leaving).delete(None, entering)).await?;
            }
            Ok(old)
        };
        self.run(disconnect).await
    }

    async fn remove_node(&self, node: &N) -> Result<u64> {
        let remove = async {
            // Who changes a single edge holds the locks of both its nodes, so that one of them keeps him out. Who removes
            // the node at the other end does not hold ours.
            let lock = self.maps.lock_all([self.lock_of(node)?, REMOVAL].into()).await?;
            let [_, own] = keys(node, node)?;
            let (mut writes, mut removed) = (Writes::new(), 0);
            for direction in [Direction::Out, Direction::In] {
                let side = Side::new(direction, node)?;
                let mut edges = self.maps.scan(None, side.range(), Order::Forward);
                while let Some((key, _)) = edges.try_next().await? {
                    if key == own {
                        // Its edge to itself, which was found leaving it.
                        continue;
                    }
                    let other = N::from_bytes(&side.other(&key))?;
                    let [leaving, entering] = match direction {
                        Direction::Out => keys(node, &other)?,
                        Direction::In => keys(&other, node)?,
                    };
                    writes = writes.delete(None, leaving).delete(None, entering);
                    removed += 1;
                }
            }
            if removed > 0 {
                lock.write(writes).await?;
            }
            Ok(removed)
        };
        self.run(remove).await
    }
}
