use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;

use crate::{
    KeyValue,
    backend::{MapId, TaskId},
    engine::{Cache, Engine},
    layers::{Faults, Layered},
    maps::StoreDefinition,
    memory::MemoryBackend,
};

const MAP: MapId = MapId::whole(1);

static COUNTS: KeyValue<u64, u64> = KeyValue::new("counts");

/// A task of a backend that is not local, whose map was made by an earlier owner.
async fn engine() -> Arc<Engine> {
    let backend = Layered::new(Arc::new(MemoryBackend::new()), Faults::none());
    let open = || {
        let task = TaskId::new("app", 0).unwrap();
        let specs = vec![COUNTS.spec().unwrap()];
        Engine::open(&backend, task, specs, Default::default(), Arc::new(Cache::new(0)))
    };
    open().await.unwrap().commit(().into()).await.unwrap();
    Arc::new(open().await.unwrap())
}

fn in_the_tables(engine: &Engine) -> (usize, usize) {
    let state = engine.state.lock();
    (state.reads.asked.len(), state.reads.batches.len())
}

#[tokio::test]
async fn reads_given_up_before_they_began_leave_nothing() {
    let engine = engine().await;
    let key = |n: u32| Bytes::from(n.to_be_bytes().to_vec());
    for n in 0..1000 {
        assert!(engine.get(MAP, &key(n)).now_or_never().is_none());
        let many = [(MAP, key(n + 1)), (MAP, key(n + 2))];
        assert!(engine.get_many(&many).now_or_never().is_none());
    }
    assert_eq!(in_the_tables(&engine), (0, 0));
    assert_eq!(engine.get(MAP, &key(1)).await.unwrap(), None);
    assert_eq!(in_the_tables(&engine), (0, 0));
}
