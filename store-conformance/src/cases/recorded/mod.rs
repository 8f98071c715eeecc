//! The recorded answers of Kafka Streams' own stores (RA), played on stores of bytes.
//!
//! `vectors/README.md` says what the lines are. Commits, reopenings, take-overs and the length of segments change no answer.

pub(crate) mod key_value;
mod line;
mod play;
pub(crate) mod session;
pub(crate) mod versioned;
pub(crate) mod window;

use anyhow::Result;
use futures::future::BoxFuture;
use serde_json::Value;
use store_core::prelude::*;

use self::{
    line::Line,
    play::{Mode, play},
};
use crate::Context;

/// A kind of store, as the recorded lines speak of it.
pub(crate) trait Recorded: 'static {
    type Definition: StoreDefinition<Store = Self::Store> + Send + Sync;
    type Store: Send + Sync;
    /// The recorded conversations.
    const FILES: &'static [&'static str];
    /// A write of a time far ahead, which would make all others late, and the read that would show it.
    const ZOMBIE: [&'static str; 2];

    /// The store that a conversation opens; with short segments where that is asked for.
    fn definition(settings: Line<'_>, short: bool) -> Result<Self::Definition>;

    /// Does what a line says, and gives the answer as it is recorded.
    fn answer<'a>(store: &'a Self::Store, line: Line<'a>) -> BoxFuture<'a, Result<Value>>;
}

/// Commits where the conversation does.
pub(crate) async fn as_recorded<R: Recorded>(context: Context) -> Result<()> {
    play::<R>(context, Mode::AsRecorded).await
}

/// Commits after each line.
pub(crate) async fn all_committed<R: Recorded>(context: Context) -> Result<()> {
    play::<R>(context, Mode::CommitAfterEach).await
}

/// Closes and opens again after each commit.
pub(crate) async fn reopened<R: Recorded>(context: Context) -> Result<()> {
    play::<R>(context, Mode::ReopenAfterCommit).await
}

/// Another owner takes over after each commit, and the old one still writes.
pub(crate) async fn taken_over<R: Recorded>(context: Context) -> Result<()> {
    play::<R>(context, Mode::TakeOverAfterCommit).await
}

/// Segments so short that most reads touch several; opened again after each commit, so that they are read back.
pub(crate) async fn short_segments<R: Recorded>(context: Context) -> Result<()> {
    play::<R>(context, Mode::ShortSegments).await
}
