//! Settings of the Cassandra backend.

use std::{path::PathBuf, time::Duration};

use scylla::statement::{Consistency, SerialConsistency};
use serde::{Deserialize, Serialize};
use store_core::{Error, ErrorKind, Result, Secret, redo::RedoConfig, settings};

use crate::layout::Buckets;

/// Settings of the Cassandra backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CassandraConfig {
    /// The keyspace, or `keyspace.prefix`: what stands in front of every task's name, so that several users can share a
    /// keyspace. Defaults to `store`.
    pub namespace: String,
    /// Makes the keyspace and tables that are missing; otherwise an error says how to make them. Defaults to true.
    pub create_schema: bool,
    /// How a keyspace made here is replicated: a number of copies for every datacenter, `3`, or for each by name,
    /// `dc1:3,dc2:3`. Defaults to 3, or as many as there are nodes if they are fewer.
    pub replication: Option<String>,
    /// The compaction strategy of a data table made here. Defaults to `LeveledCompactionStrategy`.
    pub compaction: String,
    /// The compressor of a data table made here, or `none`. Defaults to the server's.
    pub compression: Option<String>,
    /// The datacenter whose nodes are used. Needed where there are several and the consistency is local.
    pub datacenter: Option<String>,
    /// How many copies must answer. Defaults to `local_quorum`. All owners of a task must use the same one.
    pub consistency: CassandraConsistency,
    /// How long a request may take, in milliseconds, retries included; a change of a task's record with the reading that
    /// settles it is one. Longer than the server's own timeouts, since a request given up here goes on there. Defaults to
    /// 10 000.
    pub timeout_ms: u64,
    /// How long one request of a scan or a count may take, in milliseconds. Defaults to 30 000.
    pub scan_timeout_ms: u64,
    /// How long the making of one connection may take, in milliseconds. Defaults to 5000.
    pub connect_timeout_ms: u64,
    /// How often a request that failed or whose outcome is unknown is sent again. Defaults to 3.
    pub retries: u32,
    /// Whether nodes of ScyllaDB are reached by their shard-aware port, 19 042. Defaults to true; false where something in
    /// between rewrites ports.
    pub shard_aware_port: bool,
    /// The user, where the URL names none.
    pub user: Option<String>,
    /// The password, where the URL has none.
    pub password: Option<Secret>,
    /// Whether connections are encrypted. The certificates of the nodes must name their IP addresses. Defaults to false.
    pub tls: bool,
    /// File of the certificates, in PEM, that the nodes' must be signed by. Defaults to those the machine trusts.
    pub tls_ca: Option<PathBuf>,
    /// File of our own certificate, in PEM, where the nodes ask for one.
    pub tls_certificate: Option<PathBuf>,
    /// File of the key of our own certificate, in PEM.
    pub tls_key: Option<PathBuf>,
    /// Over how many partitions a store's entries are spread, each of which should stay below 100 000 entries. A scan asks
    /// each of them. Recorded when a task is claimed first, and kept. Defaults to 16.
    pub buckets: u32,
    /// The same for each time segment of a store that is cut by time. Defaults to 4.
    pub segment_buckets: u32,
    /// Entries written by one request, at most 10 000. Defaults to 200.
    pub batch_entries: usize,
    /// Bytes of keys and values written by one request, if they are more than one entry's; at most 4 MiB. Defaults to 256 KiB.
    pub batch_bytes: usize,
    /// Bytes up to which the log of a commit is kept in the record itself, which saves a step; at most 1 MiB. Each conditional
    /// change writes it several times. Defaults to 8 KiB.
    pub inline_bytes: usize,
    /// Requests of one task that are on their way at a time, of writes and of reads each. Defaults to 32.
    pub in_flight: usize,
}

/// How many copies must answer a read or take a write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CassandraConsistency {
    /// More than half of those in the datacenter: for tasks whose owners are all in one.
    #[default]
    LocalQuorum,
    /// More than half of all: for tasks whose owners may be in several datacenters.
    Quorum,
}

impl CassandraConsistency {
    pub(crate) const fn plain(self) -> Consistency {
        match self {
            Self::LocalQuorum => Consistency::LocalQuorum,
            Self::Quorum => Consistency::Quorum,
        }
    }

    /// That of conditional changes: never mixed with the other one on a table.
    pub(crate) const fn serial(self) -> SerialConsistency {
        match self {
            Self::LocalQuorum => SerialConsistency::LocalSerial,
            Self::Quorum => SerialConsistency::Serial,
        }
    }

    /// That of reads which see what conditional changes have begun.
    pub(crate) const fn serial_read(self) -> Consistency {
        match self {
            Self::LocalQuorum => Consistency::LocalSerial,
            Self::Quorum => Consistency::Serial,
        }
    }
}

impl Default for CassandraConfig {
    fn default() -> Self {
        Self {
            namespace: "store".to_owned(),
            create_schema: true,
            replication: None,
            compaction: "LeveledCompactionStrategy".to_owned(),
            compression: None,
            datacenter: None,
            consistency: CassandraConsistency::default(),
            timeout_ms: 10_000,
            scan_timeout_ms: 30_000,
            connect_timeout_ms: 5000,
            retries: 3,
            shard_aware_port: true,
            user: None,
            password: None,
            tls: false,
            tls_ca: None,
            tls_certificate: None,
            tls_key: None,
            buckets: 16,
            segment_buckets: 4,
            batch_entries: 200,
            batch_bytes: 256 << 10,
            inline_bytes: 8 << 10,
            in_flight: 32,
        }
    }
}

impl CassandraConfig {
    pub(crate) const fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    pub(crate) const fn scan_timeout(&self) -> Duration {
        Duration::from_millis(self.scan_timeout_ms)
    }

    pub(crate) const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// Settings of the protocol.
    pub(crate) fn redo(&self) -> RedoConfig {
        let mut redo = RedoConfig::default();
        redo.inline_bytes = self.inline_bytes;
        // No batch of what is decided may be larger than what the server has taken as a chunk of the log.
        let batch = self.batch_bytes + self.batch_entries * ROW_BYTES;
        redo.chunk_bytes = redo.chunk_bytes.max(batch);
        redo
    }

    pub(crate) const fn buckets(&self) -> Buckets {
        Buckets { whole: self.buckets, segment: self.segment_buckets }
    }

    pub(crate) fn keyspace(&self) -> &str {
        self.namespace.split_once('.').map_or(&self.namespace, |(keyspace, _)| keyspace)
    }

    /// What stands in front of the names of applications.
    pub(crate) fn prefix(&self) -> Option<&str> {
        self.namespace.split_once('.').map(|(_, prefix)| prefix)
    }

    /// `Config` for values that cannot work; names the setting.
    pub(crate) fn check(&self) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
        let word =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let keyspace = self.keyspace();
        if !word(keyspace) || !(1..=48).contains(&keyspace.len()) {
            return refuse(format!(
                "namespace {:?} cannot be used: a keyspace has 1 to 48 ASCII letters, digits and underscores",
                self.namespace
            ));
        }
        settings::prefix_of_namespace(&self.namespace)?;
        let classes =
            [("compaction", Some(&self.compaction)), ("compression", self.compression.as_ref())];
        for (name, class) in classes {
            let word = |class: &String| !class.is_empty() && class.split('.').all(word);
            if class.is_some_and(|class| !word(class)) {
                return refuse(format!("{name} must be the name of a class of the server's"));
            }
        }
        let least = [
            ("timeout_ms", self.timeout_ms == 0),
            ("scan_timeout_ms", self.scan_timeout_ms == 0),
            ("connect_timeout_ms", self.connect_timeout_ms == 0),
            ("batch_entries", self.batch_entries == 0),
            ("batch_bytes", self.batch_bytes == 0),
            ("in_flight", self.in_flight == 0),
        ];
        settings::at_least_one(&least)?;
        // What was decided must be applied, so a batch must never be more than a server takes.
        let most = [
            ("batch_entries", self.batch_entries, MAX_BATCH_ENTRIES),
            ("batch_bytes", self.batch_bytes, MAX_BATCH_BYTES),
            ("inline_bytes", self.inline_bytes, MAX_INLINE_BYTES),
        ];
        settings::at_most(&most)?;
        settings::certificate_with_key(self.tls_certificate.as_ref(), self.tls_key.as_ref())?;
        if !self.tls && (self.tls_ca.is_some() || self.tls_key.is_some()) {
            return refuse(
                "tls_ca, tls_certificate and tls_key need TLS: set tls to true".to_owned(),
            );
        }
        for (name, buckets) in
            [("buckets", self.buckets), ("segment_buckets", self.segment_buckets)]
        {
            if !(1..=MAX_BUCKETS).contains(&buckets) {
                return refuse(format!("{name} is {buckets}: set it to 1 to {MAX_BUCKETS}"));
            }
        }
        Ok(())
    }
}

/// Each has the name of the task and the map beside it.
const MAX_BATCH_ENTRIES: usize = 10_000;

/// Far below a server's limit of a mutation, half a commit log segment.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// A record is written several times for each commit.
const MAX_INLINE_BYTES: usize = 1 << 20;

/// What a row takes in a mutation beside its key and value, and more.
const ROW_BYTES: usize = 32;

/// A scan asks every bucket.
pub(crate) const MAX_BUCKETS: u32 = 256;

#[cfg(test)]
mod tests {
    use super::{CassandraConfig, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_INLINE_BYTES};

    #[test]
    fn batches_are_at_most_what_a_server_takes() {
        let config = |batch_entries, batch_bytes| CassandraConfig {
            batch_entries,
            batch_bytes,
            ..CassandraConfig::default()
        };
        assert!(config(MAX_BATCH_ENTRIES, MAX_BATCH_BYTES).check().is_ok());
        assert!(config(MAX_BATCH_ENTRIES + 1, MAX_BATCH_BYTES).check().is_err());
        assert!(config(MAX_BATCH_ENTRIES, MAX_BATCH_BYTES + 1).check().is_err());
        let inline = |inline_bytes| CassandraConfig { inline_bytes, ..CassandraConfig::default() };
        assert!(inline(MAX_INLINE_BYTES).check().is_ok());
        assert!(inline(MAX_INLINE_BYTES + 1).check().is_err());
    }

    #[test]
    fn a_chunk_of_a_log_is_as_large_as_a_batch() {
        assert_eq!(CassandraConfig::default().redo().chunk_bytes, 512 << 10);
        let (batch_entries, batch_bytes) = (MAX_BATCH_ENTRIES, MAX_BATCH_BYTES);
        let config = CassandraConfig { batch_entries, batch_bytes, ..CassandraConfig::default() };
        assert!(config.redo().chunk_bytes > MAX_BATCH_BYTES + 13 * MAX_BATCH_ENTRIES);
        let config = CassandraConfig { inline_bytes: 512, ..CassandraConfig::default() };
        assert_eq!(config.redo().inline_bytes, 512);
    }
}
