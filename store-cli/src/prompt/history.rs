//! Where the lines typed before are kept.

use std::{env, path::PathBuf};

/// The file of history, `$XDG_STATE_HOME/store/history` or `~/.local/state/store/history`; its folder is made.
pub(super) fn file() -> Option<PathBuf> {
    let state = env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| env::home_dir().map(|home| home.join(".local/state")))?;
    let folder = state.join("store");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
