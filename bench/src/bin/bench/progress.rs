//! What is being done, on standard error, where that is a terminal.

use std::{fmt, io::IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with the name of the current step.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new(what: &'static str, steps: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(steps as u64).with_prefix(what);
        let style = ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {eta} {msg}");
        Self(style.map_or(bar.clone(), |style| bar.with_style(style)))
    }

    pub(crate) fn step(&self, name: fmt::Arguments<'_>) {
        self.0.set_message(name.to_string());
        self.0.inc(1);
    }

    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
