//! The keyspace and its tables: made where they are missing, and checked.

use std::time::Duration;

use scylla::{client::session::Session, serialize::row::SerializeRow, statement::Statement};
use store_core::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use crate::{
    CassandraConfig,
    answer::{Row, rows},
    change::within,
    error::failed,
    tables::{Columns, DATA, TABLES},
};

/// Marks of deleted keys are kept at least so long: many times the age up to which an owner sends writes.
pub(crate) const LEAST_GRACE_SECONDS: i32 = 86_400;

/// Between two tries to make the tables.
const PAUSE: Duration = Duration::from_millis(500);

/// Makes what is missing, or says how to; refuses tables that are not ours.
pub(crate) async fn prepare(session: &Session, config: &CassandraConfig) -> Result<()> {
    check_version(session).await?;
    let keyspace = config.keyspace();
    let query = "SELECT durable_writes FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let durable = look::<(bool,)>(session, query, (keyspace,)).await?;
    durable.iter().try_for_each(|(durable,)| check_durable(keyspace, *durable))?;
    if !missing(session, config).await?.is_empty() {
        match config.create_schema {
            true => make(session, config).await?,
            false => ask_for_missing(session, config).await?,
        }
    }
    let query = "SELECT table_name, gc_grace_seconds, default_time_to_live FROM system_schema.tables \
        WHERE keyspace_name = ?";
    let tables = look::<(String, i32, i32)>(session, query, (keyspace,)).await?;
    tables.iter().try_for_each(|(table, grace, ttl)| check_options(keyspace, table, *grace, *ttl))
}

/// `SchemaMismatch` where a table of ours is missing and another one has rows: it was dropped or not restored, and made anew
/// it would pass for state that was never written.
async fn refuse_remains(session: &Session, config: &CassandraConfig) -> Result<()> {
    let keyspace = config.keyspace();
    let found = columns(session, keyspace).await?;
    for table in TABLES.iter().filter(|table| found.contains_key(table.name)) {
        let mut query = Statement::new(table.any_row(keyspace));
        query.set_consistency(config.consistency.plain());
        if look::<(String,)>(session, query, ()).await?.is_empty() {
            continue;
        }
        // Another program may have made the others since: nobody writes before all are there.
        agree(session).await?;
        let found = columns(session, keyspace).await?;
        let lost = TABLES.iter().map(|table| table.name).filter(|name| !found.contains_key(*name));
        let lost: Vec<_> = lost.collect();
        if lost.is_empty() {
            return Ok(());
        }
        let message = format!(
            "keyspace {keyspace} has lost the table {} while {} has rows: restore it, or drop the \
             keyspace with all state in it to begin anew",
            lost.join(", "),
            table.name
        );
        return Err(Error::new(ErrorKind::SchemaMismatch, message));
    }
    Ok(())
}

/// `Config` for a keyspace whose acknowledged writes are on no disk.
fn check_durable(keyspace: &str, durable: bool) -> Result<()> {
    if durable {
        return Ok(());
    }
    let message = format!(
        "keyspace {keyspace} has durable_writes = false, so that a crash would lose commits: set it to true"
    );
    Err(Error::new(ErrorKind::Config, message))
}

/// `Config` for options of a table of ours with which something would be forgotten too early.
fn check_options(keyspace: &str, table: &str, grace: i32, ttl: i32) -> Result<()> {
    let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
    if !TABLES.iter().any(|ours| ours.name == table) {
        return Ok(());
    }
    if ttl != 0 {
        return refuse(format!(
            "table {keyspace}.{table} has default_time_to_live {ttl}, so that it would lose what is to be kept: set it to 0"
        ));
    }
    if table == DATA && grace < LEAST_GRACE_SECONDS {
        return refuse(format!(
            "table {keyspace}.{table} has gc_grace_seconds {grace}, so that a late write could bring back a deleted key: \
             set at least {LEAST_GRACE_SECONDS}"
        ));
    }
    Ok(())
}

/// `Unsupported` for Cassandra before 4.0, where serial reads are not linearizable (CASSANDRA-12126).
async fn check_version(session: &Session) -> Result<()> {
    let query = "SELECT release_version FROM system.local WHERE key = 'local'";
    let Some((version,)) = look::<(String,)>(session, query, ()).await?.pop() else {
        return Ok(());
    };
    if !is_old(&version) || is_scylla(&columns(session, "system_schema").await?) {
        return Ok(());
    }
    let message = format!("the server is Cassandra {version}: 4.0 or newer is needed, or ScyllaDB");
    Err(Error::new(ErrorKind::Unsupported, message))
}

/// Whether it is a release of Cassandra before 4.0.
fn is_old(version: &str) -> bool {
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    major.is_some_and(|major| major < 4)
}

/// Whether the server is ScyllaDB, which calls itself Cassandra 3.0.8, by the columns of its `system_schema`.
fn is_scylla(system: &Columns) -> bool {
    system.contains_key("scylla_tables")
}

/// Does what needs the tables; again for a while where the node does not know one, which it lists before it has it, or fails
/// because another program makes the same one. `Timeout` for a try that has no end.
pub(crate) async fn with_tables<T, F>(
    config: &CassandraConfig,
    work: impl Fn() -> F + Sync,
) -> Result<T>
where
    F: Future<Output = Result<T>> + Send,
{
    let until = Instant::now() + config.timeout();
    loop {
        match within(config.timeout(), "prepare the statements of the tables", work()).await {
            Err(error) if passes(error.kind()) && Instant::now() < until => {
                sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// The statements that make what is missing, in order. `SchemaMismatch` for tables that are not ours.
async fn missing(session: &Session, config: &CassandraConfig) -> Result<Vec<String>> {
    let keyspace = config.keyspace();
    let query =
        "SELECT WRITETIME(replication) FROM system_schema.keyspaces WHERE keyspace_name = ?";
    let made = look::<(Option<i64>,)>(session, query, (keyspace,)).await?.pop();
    let mut missing = Vec::new();
    if made.is_none() {
        missing.push(keyspace_statement(session, config).await?);
    }
    let made = made.and_then(|(made,)| made);
    let found = columns(session, keyspace).await?;
    for table in &TABLES {
        match found.get(table.name) {
            Some(found) => table.check(keyspace, found)?,
            None => missing.push(table.statement(config, made)),
        }
    }
    Ok(missing)
}

/// The statements that make what is missing where all nodes know what is there, and nothing was lost.
async fn known_missing(session: &Session, config: &CassandraConfig) -> Result<Vec<String>> {
    agree(session).await?;
    let missing = missing(session, config).await?;
    if !missing.is_empty() {
        refuse_remains(session, config).await?;
    }
    Ok(missing)
}

/// `SchemaMismatch` with the statements that somebody has to run.
async fn ask_for_missing(session: &Session, config: &CassandraConfig) -> Result<()> {
    let missing = known_missing(session, config).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!(
        "keyspace {} lacks tables and create_schema is false: let somebody who may run\n{};",
        config.keyspace(),
        missing.join(";\n")
    );
    Err(Error::new(ErrorKind::SchemaMismatch, message))
}

/// Makes what is missing, one after the other, also while other programs do: until everything is there.
async fn make(session: &Session, config: &CassandraConfig) -> Result<()> {
    let until = Instant::now() + config.scan_timeout();
    loop {
        match make_next(session, config).await {
            Ok(true) => return Ok(()),
            Err(error) if !passes(error.kind()) => return Err(error),
            Err(error) if Instant::now() >= until => return Err(error),
            Ok(false) if Instant::now() >= until => {
                let message = "the tables that were made are not seen: try again later";
                return Err(Error::new(ErrorKind::Timeout, message));
            }
            Ok(false) => {}
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Whether an error may come of others who make the same at this moment.
fn passes(kind: ErrorKind) -> bool {
    // `NotFound` is a keyspace that the node which was asked has not heard of.
    kind.is_retryable() || kind == ErrorKind::NotFound
}

/// Makes the first of what is missing; says whether nothing was, and all nodes know it.
async fn make_next(session: &Session, config: &CassandraConfig) -> Result<bool> {
    let Some(statement) = known_missing(session, config).await?.into_iter().next() else {
        return Ok(true);
    };
    let made = session.query_unpaged(statement, ()).await;
    let keyspace = config.keyspace();
    made.map(|_| false)
        .map_err(|error| failed(format_args!("make the tables of keyspace {keyspace}"), error))
}

async fn agree(session: &Session) -> Result<()> {
    session.await_schema_agreement().await.map(drop).map_err(|error| {
        let message = "the nodes do not agree on which tables there are: try again later";
        Error::new(ErrorKind::Unavailable, message).with_source(error)
    })
}

/// Rows of what may be there or not.
async fn look<T: Row>(
    session: &Session,
    query: impl Into<Statement> + Send,
    values: impl SerializeRow + Send + Sync,
) -> Result<Vec<T>> {
    rows(session.query_unpaged(query, values).await, "look at the tables there are")
}

async fn columns(session: &Session, keyspace: &str) -> Result<Columns> {
    let query = "SELECT table_name, column_name, type, kind FROM system_schema.columns WHERE keyspace_name = ?";
    Ok(by_table(look(session, query, (keyspace,)).await?))
}

fn by_table(rows: Vec<(String, String, String, String)>) -> Columns {
    let mut tables = Columns::new();
    for (table, column, sort, kind) in rows {
        let is_key = kind == "partition_key" || kind == "clustering";
        tables.entry(table).or_default().insert(column, (sort, is_key));
    }
    tables
}

async fn keyspace_statement(session: &Session, config: &CassandraConfig) -> Result<String> {
    let copies = match &config.replication {
        Some(copies) => replication(copies)?,
        None => {
            let nodes = session.get_cluster_state().get_nodes_info().len();
            format!("'replication_factor': {}", nodes.clamp(1, 3))
        }
    };
    // Conditional changes in keyspaces with tablets came late; what knows tablets takes the clause.
    let has_tablets = knows_tablets(&columns(session, "system_schema").await?);
    let tablets = if has_tablets { " AND tablets = {'enabled': false}" } else { "" };
    Ok(format!(
        "CREATE KEYSPACE IF NOT EXISTS \"{}\" WITH replication = {{'class': 'NetworkTopologyStrategy', {copies}}}{tablets}",
        config.keyspace()
    ))
}

/// Whether the server has tablets, by the columns of its `system_schema`: that table alone is older.
fn knows_tablets(system: &Columns) -> bool {
    system.get("scylla_keyspaces").is_some_and(|columns| columns.contains_key("initial_tablets"))
}

/// The copies as CQL writes them.
fn replication(setting: &str) -> Result<String> {
    let refused = || {
        let message =
            "replication must be a number of copies, 3, or one for each datacenter, dc1:3,dc2:3";
        Error::new(ErrorKind::Config, message)
    };
    let number = |text: &str| text.trim().parse::<u8>().ok().filter(|n| *n > 0).ok_or_else(refused);
    if !setting.contains(':') {
        return Ok(format!("'replication_factor': {}", number(setting)?));
    }
    let each = setting.split(',').map(|one| {
        let (datacenter, copies) = one.split_once(':').ok_or_else(refused)?;
        let datacenter = datacenter.trim();
        let legal = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        if datacenter.is_empty() || !datacenter.chars().all(legal) {
            return Err(refused());
        }
        Ok(format!("'{datacenter}': {}", number(copies)?))
    });
    Ok(each.collect::<Result<Vec<_>>>()?.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use store_core::{Error, ErrorKind};

    use tokio::time::Instant;

    use super::{
        LEAST_GRACE_SECONDS, PAUSE, by_table, check_options, is_old, is_scylla, knows_tablets,
        passes, with_tables,
    };
    use crate::{
        CassandraConfig,
        tables::{Columns, DATA, TABLES},
    };

    /// Some of what `system_schema.columns` says of `system_schema`, one row a line.
    fn system(rows: &str) -> Columns {
        let row = |line: &str| {
            let mut fields = line.split(';').map(|field| field.trim().to_owned());
            let mut field = || fields.next().expect("four fields");
            (field(), field(), field(), field())
        };
        by_table(rows.lines().map(row).collect())
    }

    #[test]
    fn only_what_knows_tablets_is_told_to_do_without() {
        let cassandra = "keyspaces; durable_writes; boolean; regular
            keyspaces; keyspace_name; text; partition_key
            keyspaces; replication; frozen<map<text, text>>; regular";
        // ScyllaDB 5.1 to 5.4.
        let storage = "scylla_keyspaces; keyspace_name; text; partition_key
            scylla_keyspaces; storage_options; frozen<map<text, text>>; regular
            scylla_keyspaces; storage_type; text; regular";
        let tablets = "scylla_keyspaces; initial_tablets; int; regular";
        let tables = "scylla_tables; version; timeuuid; regular";
        assert!(!is_scylla(&system(cassandra)));
        assert!(is_scylla(&system(&[cassandra, tables].join("\n"))));
        assert!(!knows_tablets(&system(cassandra)));
        assert!(!knows_tablets(&system(&[cassandra, storage].join("\n"))));
        assert!(knows_tablets(&system(&[cassandra, tablets, storage].join("\n"))));
    }

    #[test]
    fn cassandra_before_4_is_old() {
        assert!(["3.0.8", "3.11.19", "2.2"].into_iter().all(is_old));
        assert!(!["4.0", "4.1.7", "5.0.8", "5.1-alpha1", "10.0", "newest"].into_iter().any(is_old));
    }

    #[test]
    fn options_that_forget_too_early_are_refused_on_our_tables_alone() {
        let kind = |table, grace, ttl| {
            check_options("store", table, grace, ttl).err().map(|error| error.kind())
        };
        let (day, config) = (LEAST_GRACE_SECONDS, Some(ErrorKind::Config));
        for table in TABLES.map(|table| table.name) {
            assert_eq!(kind(table, day, 0), None, "{table}");
            assert_eq!(kind(table, day, 1), config, "{table}");
        }
        assert_eq!(kind(DATA, day - 1, 0), config);
        assert_eq!(kind("records", 0, 0), None);
        assert_eq!(kind("theirs", 0, 1), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_never_ends_is_ended() {
        let config = CassandraConfig::default();
        let begun = Instant::now();
        let work = std::future::pending::<store_core::Result<()>>;
        let error = with_tables(&config, work).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(begun.elapsed() <= config.timeout() + PAUSE, "{:?}", begun.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_table_that_is_not_known_yet_is_waited_for_and_not_for_ever() {
        let config = CassandraConfig::default();
        let tries = AtomicU64::new(0);
        let unknown_until = |last: u64, kind| {
            let tries = &tries;
            with_tables(&config, move || async move {
                let number = tries.fetch_add(1, Ordering::Relaxed);
                if number < last { Err(Error::new(kind, "not there")) } else { Ok(number) }
            })
        };
        assert_eq!(unknown_until(3, ErrorKind::NotFound).await.unwrap(), 3);
        let error = unknown_until(u64::MAX, ErrorKind::NotFound).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let before = tries.load(Ordering::Relaxed);
        assert!(unknown_until(u64::MAX, ErrorKind::PermissionDenied).await.is_err());
        assert_eq!(tries.load(Ordering::Relaxed), before + 1, "what is wrong is told at once");
    }

    #[test]
    fn what_others_cause_is_waited_for_and_what_is_wrong_is_told() {
        use ErrorKind::{Config, NotFound, PermissionDenied, Throttled, Timeout, Unavailable};
        assert!([NotFound, Throttled, Timeout, Unavailable].into_iter().all(passes));
        assert!(![Config, PermissionDenied].into_iter().any(passes));
    }
}
