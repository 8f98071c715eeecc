//! Waiting until a commit is as safe as the settings want it.

use redis::{Cmd, FromRedisValue, Value};
use store_core::{Effect, Error, ErrorKind, Result};

use crate::{RedisConfig, RedisDurability, layout::Keys, link::Link};

/// What is sent behind a commit, on a line of its own: the server answers nothing else on that line meanwhile, and only
/// waits for what came over it.
///
/// A line for each task, and no pool: commits of a task come one after another, and a pool asks the server before it
/// lends a line, which would double the round trips.
pub(crate) enum Wait {
    /// For nothing: the server's answer is enough.
    Nothing,
    /// For the server's disk.
    Disk(Link, Cmd),
    /// For so many replicas.
    Replicas(Link, Cmd, u32),
}

impl Wait {
    /// The name and arguments of the command that the settings ask for.
    pub(crate) fn words(config: &RedisConfig) -> Vec<String> {
        // Shorter than a request may take, so that the answer says how far it came.
        let limit = config.timeout_ms - config.timeout_ms / 4;
        let words = match config.durability {
            RedisDurability::None => vec![],
            RedisDurability::LocalFsync => {
                vec!["WAITAOF".to_owned(), "1".to_owned(), "0".to_owned()]
            }
            RedisDurability::Replicas => vec!["WAIT".to_owned(), config.replicas.to_string()],
        };
        let limit = (!words.is_empty()).then(|| limit.to_string());
        words.into_iter().chain(limit).collect()
    }

    pub(crate) const fn command(&self) -> Option<&Cmd> {
        match self {
            Self::Nothing => None,
            Self::Disk(_, command) | Self::Replicas(_, command, _) => Some(command),
        }
    }

    pub(crate) const fn link<'a>(&'a self, shared: &'a Link) -> &'a Link {
        match self {
            Self::Nothing => shared,
            Self::Disk(link, _) | Self::Replicas(link, _, _) => link,
        }
    }

    /// Checks how far what was done came: the server also answers when the time is over.
    pub(crate) fn check(&self, answer: &Value, doing: &str, keys: &Keys) -> Result<()> {
        let counted = |value: &Value| u64::from_redis_value_ref(value).unwrap_or(0);
        let synced = |answer: &Value| match answer {
            Value::Array(counts) => counts.first().map_or(0, counted),
            _ => 0,
        };
        let missing = match (self, answer) {
            (Self::Disk(..), counts) if synced(counts) == 0 => {
                "it is not on the server's disk yet".to_owned()
            }
            (Self::Replicas(_, _, wanted), reached) if counted(reached) < u64::from(*wanted) => {
                format!("it has reached {} of {wanted} replicas", counted(reached))
            }
            _ => return Ok(()),
        };
        let message = format!(
            "cannot {doing} {keys} in time: {missing}: {doing} again, or ask for less durability"
        );
        Err(Error::new(ErrorKind::Timeout, message).with_effect(Effect::Unknown))
    }
}

impl std::fmt::Debug for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Disk(..) => "Disk",
            Self::Replicas(..) => "Replicas",
        })
    }
}
