//! The suite, on the cluster that `TEST_CASSANDRA_URL` names.

use std::{
    env, process,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use libtest_mimic::{Arguments, Trial};
use store_cassandra::{CassandraBackend, CassandraConfig};
use store_conformance::{Place, anyhow::Result, async_trait};
use store_core::backend::Backend;

/// Tasks of their own in a keyspace that all cases share.
struct Prefix {
    url: String,
    namespace: String,
}

#[async_trait]
impl Place for Prefix {
    async fn open(&self) -> Result<Arc<dyn Backend>> {
        let mut config = CassandraConfig::default();
        config.namespace.clone_from(&self.namespace);
        // A scan asks each of them, and cases have few entries.
        (config.buckets, config.segment_buckets) = (4, 2);
        Ok(Arc::new(CassandraBackend::connect(&self.url, config).await?))
    }
}

fn main() -> ExitCode {
    let Ok(url) = env::var("TEST_CASSANDRA_URL") else {
        let reason = "cassandra (TEST_CASSANDRA_URL names no running cluster)";
        let ignored = Trial::test(reason, || Ok(())).with_ignored_flag(true);
        return libtest_mimic::run(&Arguments::from_args(), vec![ignored]).exit_code();
    };
    store_conformance::main("cassandra", move || {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let namespace = format!("store_tests.{}-{number}", process::id());
        let url = url.clone();
        async move { Ok(Prefix { url, namespace }) }
    })
}
