//! How far the work has come, for people who wait at a terminal.

use indicatif::{ProgressBar, ProgressStyle};
use store::transfer::{Progress, Step};

/// A line on standard error; nothing where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        Self(ProgressBar::no_length())
    }

    /// Shows how far a task has come.
    pub(super) fn show(&self, progress: Progress<'_>) {
        let doing = match progress.step {
            Step::Moving => "moving",
            _ => "checking",
        };
        // A total is estimated, and may be too low.
        let total = progress.total.map(|total| total.max(progress.entries));
        let template = match total {
            Some(_) => "{msg} {bar:40} {pos}/{len} entries, {per_sec}, {eta} left",
            None => "{msg} {spinner} {pos} entries, {per_sec}",
        };
        match total {
            Some(total) => self.0.set_length(total),
            None => self.0.unset_length(),
        }
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        self.0.set_message(format!("{}: {doing}", progress.task));
        self.0.set_position(progress.entries);
    }
}

impl Drop for Bar {
    /// Leaves nothing in front of the results, or of an error.
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
