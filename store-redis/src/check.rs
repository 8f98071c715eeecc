//! What a claim finds out before it changes anything: what the server is set to, and what the user may do there.

use redis::RedisResult;
use store_core::{Error, ErrorKind, Result};

use crate::{
    RedisConfig, RedisDurability,
    connect::Connector,
    durability::Wait,
    layout::Keys,
    link::Link,
    script::{CHECK, Call},
};

/// What the script found.
type Found = (Vec<String>, Option<String>, Option<String>, Option<String>, bool);

/// What a check has found out.
pub(crate) struct Checked {
    /// How a commit is waited for.
    pub(crate) wait: Wait,
    /// The hash that does not have the keys that its sorted set has.
    damaged: Option<String>,
    /// What the server evicts, where that is not allowed.
    evicts: Option<String>,
}

impl Checked {
    /// Refuses what may be destroyed, and cannot be worked with.
    pub(crate) fn for_claim(self, keys: &Keys) -> Result<Wait> {
        if let Some(policy) = self.evicts {
            let message = format!(
                "cannot claim {keys}: the server evicts keys when its memory is full (maxmemory-policy {policy}), which \
                 loses whole maps silently: set maxmemory-policy noeviction, or allow_eviction"
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.damaged.map_or(Ok(self.wait), |key| Err(keys.half(&key)))
    }
}

/// Checks that a task can be written there as the settings want it; `doing` is what for.
pub(crate) async fn check(
    doing: &str,
    link: &Link,
    own: Option<&Connector>,
    config: &RedisConfig,
    keys: &Keys,
) -> Result<Checked> {
    let failed = |error| keys.failed(doing)(error);
    let maps = link.maps(keys).await.map_err(failed)?;
    let words = Wait::words(config);
    let call = Call::new(&CHECK, keys.script(maps)).texts(&words);
    let (lacking, foreign, damaged, info, has_waitaof): Found =
        link.run(&call).await.map_err(failed)?;
    let refuse =
        |kind, message: String| Err(Error::new(kind, format!("cannot {doing} {keys}: {message}")));
    if !lacking.is_empty() {
        let rights: Vec<_> = lacking.iter().map(|command| format!("+{command}")).collect();
        let message = format!(
            "the user may not run commands that the scripts need, or not on these keys: grant {} on {}*",
            rights.join(" "),
            keys.namespace()
        );
        return refuse(ErrorKind::PermissionDenied, message);
    }
    if let Some(key) = foreign {
        return refuse(
            ErrorKind::InvalidArgument,
            format!(
                "key {key} holds something that is not ours: remove it, or use another namespace"
            ),
        );
    }
    let told = |name: &str| {
        let mut lines = info.as_deref().unwrap_or_default().lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    if info.is_none() {
        let unchecked = "the user may not ask INFO: whether the server evicts keys, writes to its disk or has replicas is not checked";
        tracing::warn!(task = %keys, "{unchecked}");
    }
    let policy = told("maxmemory_policy");
    let evicts = policy.filter(|policy| *policy != "noeviction" && !config.allow_eviction);
    let evicts = evicts.map(str::to_owned);
    let needs_own = || {
        let error = "this durability needs connections of its own: connect by a URL".to_owned();
        own.ok_or_else(|| Error::new(ErrorKind::Unsupported, error))
    };
    let mut command = redis::Cmd::new();
    for word in &words {
        command.arg(word);
    }
    let wait = match config.durability {
        RedisDurability::None => Wait::Nothing,
        RedisDurability::LocalFsync if told("aof_enabled") == Some("0") => {
            let message =
                "the server keeps no append-only file: set appendonly yes, or durability none";
            return refuse(ErrorKind::Config, message.to_owned());
        }
        RedisDurability::LocalFsync if has_waitaof => {
            Wait::Disk(needs_own()?.connect().await?, command)
        }
        RedisDurability::LocalFsync => {
            check_always(doing, link, keys).await?;
            Wait::Nothing
        }
        RedisDurability::Replicas => {
            let there =
                told("connected_slaves").and_then(|count| count.parse().ok()).unwrap_or(u32::MAX);
            if there < config.replicas {
                let wanted = config.replicas;
                let message = format!(
                    "durability wants {wanted} replicas and the server has {there}: start more, or ask for fewer"
                );
                return refuse(ErrorKind::Unavailable, message);
            }
            Wait::Replicas(needs_own()?.connect().await?, command, config.replicas)
        }
    };
    Ok(Checked { wait, damaged, evicts })
}

/// Checks that the server syncs its file before each answer.
async fn check_always(doing: &str, link: &Link, keys: &Keys) -> Result<()> {
    let mut pipe = redis::pipe();
    // The first finds the server of the task in a cluster.
    pipe.cmd("TYPE").arg(keys.task()).ignore().cmd("CONFIG").arg("GET").arg("append*");
    pipe.arg("no-appendfsync-on-rewrite");
    let settings: RedisResult<(Vec<String>,)> = pipe.query_async(&mut link.clone()).await;
    let (settings,) = settings.map_err(|error| {
        let error = keys.failed(doing)(error);
        if error.kind() != ErrorKind::PermissionDenied {
            return error;
        }
        error.context("the server has no WAITAOF, so whether it syncs each write must be asked: grant +config|get")
    })?;
    let is = |name: &str, value: &str| settings.chunks(2).any(|pair| pair == [name, value]);
    let always = is("appendonly", "yes") && is("appendfsync", "always");
    if always && is("no-appendfsync-on-rewrite", "no") {
        return Ok(());
    }
    let message = format!(
        "cannot {doing} {keys}: the server has no WAITAOF, and answers before its disk has the commit: set appendonly yes, \
         appendfsync always and no-appendfsync-on-rewrite no, use Redis 7.2 or newer or Valkey, or set durability none"
    );
    Err(Error::new(ErrorKind::Unsupported, message))
}
