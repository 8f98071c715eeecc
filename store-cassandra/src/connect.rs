//! Sessions, and how their requests are sent.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use scylla::{
    client::{
        execution_profile::{ExecutionProfile, ExecutionProfileHandle},
        session::Session,
        session_builder::SessionBuilder,
    },
    errors::NewSessionError,
    policies::{
        load_balancing::DefaultPolicy, retry::FallthroughRetryPolicy,
        speculative_execution::SimpleSpeculativeExecutionPolicy,
    },
    statement::{Consistency, prepared::PreparedStatement},
};
use store_core::{Error, ErrorKind, Result, UrlForm};

use crate::{
    CassandraConfig, CassandraConsistency,
    error::{connecting, tells_nothing},
    policy::Patient,
    tls,
};

/// The sorts of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Of single rows: a second node is asked where the first is slow.
    Read,
    /// With a stamp, so that it may be repeated.
    Write,
    /// A conditional change, which the driver must not repeat.
    Conditional,
    /// Of the record, so that it shows what conditional changes have begun.
    Serial,
    /// Of many rows, which takes longer.
    Scan,
}

/// How requests of each sort are sent.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    reads: ExecutionProfileHandle,
    writes: ExecutionProfileHandle,
    conditional: ExecutionProfileHandle,
    scans: ExecutionProfileHandle,
    serial: Consistency,
}

const FORM: UrlForm = UrlForm {
    database: "Cassandra",
    schemes: &["cassandra", "scylla"],
    port: 9042,
    namespace: "the keyspace",
    config: "CassandraConfig",
};

/// After so long a second node is asked for a row.
const SLOW: Duration = Duration::from_millis(100);

impl Profiles {
    pub(crate) fn new(config: &CassandraConfig) -> Self {
        let mut policy = DefaultPolicy::builder();
        if let Some(datacenter) = &config.datacenter {
            policy = policy.prefer_datacenter(datacenter.clone());
        }
        let plain = ExecutionProfile::builder()
            .consistency(config.consistency.plain())
            .serial_consistency(Some(config.consistency.serial()))
            .load_balancing_policy(policy.build())
            .retry_policy(Arc::new(Patient { retries: config.retries }))
            .request_timeout(Some(config.timeout()))
            .build();
        let twice = SimpleSpeculativeExecutionPolicy { max_retry_count: 1, retry_interval: SLOW };
        let once = Arc::new(FallthroughRetryPolicy::new());
        let built = |profile: ExecutionProfile| profile.into_handle();
        Self {
            reads: built(
                plain.to_builder().speculative_execution_policy(Some(Arc::new(twice))).build(),
            ),
            conditional: built(plain.to_builder().retry_policy(once).build()),
            scans: built(plain.to_builder().request_timeout(Some(config.scan_timeout())).build()),
            writes: built(plain),
            serial: config.consistency.serial_read(),
        }
    }

    /// The statement, to be sent as its sort is.
    pub(crate) fn with(&self, sort: Sort, mut statement: PreparedStatement) -> PreparedStatement {
        let profile = match sort {
            Sort::Read => &self.reads,
            Sort::Write | Sort::Serial => &self.writes,
            Sort::Conditional => &self.conditional,
            Sort::Scan => &self.scans,
        };
        statement.set_execution_profile_handle(Some(profile.clone()));
        statement.set_is_idempotent(sort != Sort::Conditional);
        if sort == Sort::Serial {
            statement.set_consistency(self.serial);
        }
        statement
    }
}

/// A session with the cluster that the URL names.
pub(crate) async fn connect(url: &str, config: &CassandraConfig) -> Result<Session> {
    let address = FORM.parse(url)?;
    let mut builder = SessionBuilder::new()
        .known_nodes(&address.nodes)
        .tls_context(tls::context(config)?)
        .default_execution_profile_handle(Profiles::new(config).writes)
        .connection_timeout(config.connect_timeout())
        // Who waits for a node that is silent is to have time to ask another one.
        .keepalive_interval(config.timeout() / 5)
        .keepalive_timeout(config.timeout() * 2 / 5)
        .disallow_shard_aware_port(!config.shard_aware_port)
        .keyspaces_to_fetch([config.keyspace()])
        .schema_agreement_timeout(config.scan_timeout());
    let user = address.user.as_ref().or(config.user.as_ref());
    let password = address.password.as_ref().or(config.password.as_ref());
    builder = match (user, password) {
        (Some(user), Some(password)) => builder.user(user, password.reveal()?),
        (None, None) => builder,
        _ => {
            let message = "a user needs a password, and a password a user: set both, or neither";
            return Err(Error::new(ErrorKind::Config, message));
        }
    };
    // The driver waits for each of several connections in turn.
    let limit = config.timeout().max(config.connect_timeout() * 2);
    let mut last = None;
    let session = tokio::time::timeout(limit, built(&builder, config.tls, &mut last)).await;
    let session = match (session, last) {
        (Ok(session), _) => session,
        (Err(_), Some(error)) => Err(error),
        (Err(elapsed), None) => {
            let message = "cannot connect to Cassandra: no node answered in time";
            return Err(Error::new(ErrorKind::Timeout, message).with_source(elapsed));
        }
    };
    session.map_err(|error| connecting(error, config.tls))
}

/// A session; over TLS made again where what is wrong was lost, such as that a node refuses our certificate. `last` is what
/// the try before told.
async fn built(
    builder: &SessionBuilder,
    tls: bool,
    last: &mut Option<NewSessionError>,
) -> std::result::Result<Session, NewSessionError> {
    for _ in 0..TRIES {
        match builder.build().await {
            Err(error) if tls && tells_nothing(&error) => *last = Some(error),
            session => return session,
        }
        tokio::time::sleep(PAUSE).await;
    }
    builder.build().await
}

/// How often a session is made again before it is said that nothing is known: on a busy machine what is wrong is lost in most tries.
const TRIES: u32 = 30;

const PAUSE: Duration = Duration::from_millis(20);

/// The settings, with the datacenter whose nodes are used. `Config` for one that is not there, or must be named.
pub(crate) fn in_datacenter(session: &Session, config: CassandraConfig) -> Result<CassandraConfig> {
    let state = session.get_cluster_state();
    let nodes = state.get_nodes_info().iter();
    pinned(&nodes.filter_map(|node| node.datacenter.as_deref()).collect(), config)
}

/// Where quorums are local, the only datacenter there is stays the only one that is used: one that is added later has quorums
/// that know nothing of those here.
fn pinned(there: &BTreeSet<&str>, mut config: CassandraConfig) -> Result<CassandraConfig> {
    let names = || there.iter().copied().collect::<Vec<_>>().join(", ");
    let local = config.consistency == CassandraConsistency::LocalQuorum;
    let message = match config.datacenter.as_deref() {
        Some(datacenter) if !there.contains(datacenter) => {
            format!("there is no datacenter {datacenter}: set datacenter to one of {}", names())
        }
        None if local && there.len() > 1 => {
            format!("there are several datacenters: set datacenter to one of {}", names())
        }
        None if local => {
            config.datacenter = there.first().map(|&name| name.to_owned());
            return Ok(config);
        }
        _ => return Ok(config),
    };
    Err(Error::new(ErrorKind::Config, message))
}

#[cfg(test)]
mod tests {
    use store_core::{ErrorKind, Result};

    use super::{Profiles, pinned};
    use crate::{CassandraConfig, CassandraConsistency};

    fn used(
        there: &[&str],
        datacenter: Option<&str>,
        consistency: CassandraConsistency,
    ) -> Result<Option<String>> {
        let datacenter = datacenter.map(str::to_owned);
        let config = CassandraConfig { datacenter, consistency, ..CassandraConfig::default() };
        pinned(&there.iter().copied().collect(), config).map(|config| config.datacenter)
    }

    #[test]
    fn the_only_datacenter_stays_the_only_one_where_quorums_are_local() {
        use CassandraConsistency::{LocalQuorum, Quorum};
        let kept = |there: &[&str], named, consistency| used(there, named, consistency).unwrap();
        assert_eq!(kept(&["a"], None, LocalQuorum).as_deref(), Some("a"));
        assert_eq!(kept(&["a", "b"], Some("b"), LocalQuorum).as_deref(), Some("b"));
        assert_eq!(kept(&["a", "b"], None, Quorum), None);
        assert_eq!(kept(&["a"], None, Quorum), None, "one that is added later is to be used");
        let kind = |there: &[&str], named| used(there, named, LocalQuorum).unwrap_err().kind();
        assert_eq!(kind(&["a", "b"], None), ErrorKind::Config);
        assert_eq!(kind(&["a"], Some("b")), ErrorKind::Config);
    }

    #[test]
    fn requests_go_to_the_datacenter_alone() {
        let datacenter = Some("the_only_one".to_owned());
        let config = CassandraConfig { datacenter, ..CassandraConfig::default() };
        let profiles = Profiles::new(&config);
        for profile in [&profiles.reads, &profiles.writes, &profiles.conditional, &profiles.scans] {
            let policy = format!("{:?}", profile.to_profile().get_load_balancing_policy());
            assert!(policy.contains("the_only_one"), "{policy}");
            assert!(policy.contains("permit_dc_failover: false"), "{policy}");
        }
    }
}
