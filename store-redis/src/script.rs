//! The scripts: each checks before it writes, because Redis rolls nothing back.

use std::{borrow::Cow, sync::LazyLock};

use redis::{Cmd, cmd};

/// A script and how the server names it.
#[derive(Debug)]
pub(crate) struct Script {
    text: String,
    hash: String,
}

impl Script {
    fn new(parts: &[&str]) -> Self {
        let text = parts.concat();
        let hash = redis::Script::new(&text).get_hash().to_owned();
        Self { text, hash }
    }
}

const COMMON: &str = include_str!("lua/common.lua");

pub(crate) static CHECK: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[include_str!("lua/check.lua")]));
pub(crate) static CLAIM: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[include_str!("lua/claim.lua")]));
pub(crate) static COMMIT: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[COMMON, include_str!("lua/commit.lua")]));
pub(crate) static STAGE: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[COMMON, include_str!("lua/stage.lua")]));
pub(crate) static DECIDE: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[COMMON, include_str!("lua/decide.lua")]));
pub(crate) static APPLY: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[COMMON, include_str!("lua/apply.lua")]));
pub(crate) static PAGE: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[include_str!("lua/page.lua")]));
pub(crate) static DESTROY: LazyLock<Script> =
    LazyLock::new(|| Script::new(&[include_str!("lua/destroy.lua")]));

/// A script with what it is called with; see the script for what that is.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    script: &'a Script,
    keys: Vec<String>,
    arguments: Vec<Cow<'a, [u8]>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(script: &'a Script, keys: impl IntoIterator<Item = String>) -> Self {
        Self { script, keys: keys.into_iter().collect(), arguments: Vec::new() }
    }

    pub(crate) fn arg(mut self, argument: &'a [u8]) -> Self {
        self.arguments.push(Cow::Borrowed(argument));
        self
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts come as they are")]
    pub(crate) fn text(mut self, argument: impl ToString) -> Self {
        self.arguments.push(Cow::Owned(argument.to_string().into_bytes()));
        self
    }

    pub(crate) fn texts(self, arguments: impl IntoIterator<Item = impl ToString>) -> Self {
        arguments.into_iter().fold(self, Self::text)
    }

    /// By the script's hash, or with its text, which the server keeps from then on.
    pub(crate) fn command(&self, with_text: bool) -> Cmd {
        let mut command = if with_text { cmd("EVAL") } else { cmd("EVALSHA") };
        command.arg(if with_text { &self.script.text } else { &self.script.hash });
        command.arg(self.keys.len()).arg(&self.keys);
        for argument in &self.arguments {
            command.arg(&argument[..]);
        }
        command
    }
}
