//! The environment belongs to the whole process, so a test that needs its own runs again in a child that has it.

use std::{
    env,
    ffi::OsStr,
    process::{Command, Stdio},
};

const CHILD: &str = "CHILD_OF_TEST";

/// Runs the body with these variables; `test` is the name of the test that calls.
pub(crate) fn with_environment<V: AsRef<OsStr>>(
    test: &str,
    variables: &[(&str, V)],
    body: impl FnOnce(),
) {
    if env::var_os(CHILD).is_some() {
        return body();
    }
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", test]).env(CHILD, "1").stdin(Stdio::null());
    let output = child.envs(variables.iter().map(|(name, value)| (name, value))).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert!(text.contains("1 passed"), "no test of the name {test}: {text}");
}
