//! The shell protocol as a library: one JSON object per line in and out, on a claimed task.

pub mod shell;
