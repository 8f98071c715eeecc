//! Scans of keys with a prefix, whatever is in it.

use anyhow::Result;
use store_core::prelude::*;

use crate::{
    Context,
    cases::key_value::tools::{Life, TEXTS, texts},
};

/// Whether each prefix gives the stored texts that begin with it, and no others.
async fn are_literal(context: Context, stored: &[&str], prefixes: &[&str]) -> Result<()> {
    let mut sorted = stored.to_vec();
    sorted.sort_unstable();
    let mut life = Life::with(&context, &TEXTS, texts(stored)).await?;
    while let Some(view) = life.next().await? {
        for prefix in prefixes {
            let mut expected = texts(sorted.iter().filter(|key| key.starts_with(prefix)));
            view.gives(view.prefix(*prefix, Order::Forward)?, &expected).await?;
            expected.reverse();
            view.gives(view.prefix(*prefix, Order::Backward)?, &expected).await?;
        }
    }
    Ok(())
}

pub(crate) async fn of_bytes(context: Context) -> Result<()> {
    let stored = ["foo", "foobar", "foo.bar", "fo", "fop", "Foo", "foo\0"];
    are_literal(context, &stored, &["foo", "foo.", "foob", "fo", "f", "foo\0", "foobarx", "x"])
        .await
}

pub(crate) async fn of_patterns(context: Context) -> Result<()> {
    let prefixes = [
        "*", "?", "[a-z]", "[", "]", "\\", "^", "$", ".", ".*", "a.", "a+", "(", "|", "'", "\"",
        "`", "%", "_", "%%", "a%", "a_", "{", "}", "{a}", "\\E", "--", ";",
    ];
    let longer: Vec<_> = prefixes.iter().map(|prefix| format!("{prefix}x")).collect();
    let mut stored: Vec<_> = prefixes.to_vec();
    stored.extend(longer.iter().map(String::as_str));
    stored.extend(["a", "ab", "aab", "b", "x", "zz"]);
    are_literal(context, &stored, &prefixes).await
}
