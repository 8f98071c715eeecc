//! Keys that look alike to somebody and are not the same.

use anyhow::Result;
use store_core::{codec::Raw, prelude::*};

use crate::{
    Context,
    cases::key_value::tools::{Life, RAW, TEXTS, View, bytes, rows, same, texts},
};

/// Whether texts, sorted here, are keys of their own: each is there, in its place, and goes alone.
async fn texts_are_apart<S: AsRef<str>>(
    context: Context,
    keys: impl IntoIterator<Item = S>,
) -> Result<()> {
    let mut entries = texts(keys);
    entries.sort();
    let mut life = Life::with(&context, &TEXTS, entries.iter().rev().cloned()).await?;
    while let Some(view) = life.next().await? {
        view.holds(&entries).await?;
    }
    while let Some((key, value)) = entries.pop() {
        same(&life.store.delete(&key).await?, &Some(value))?;
        View::new("one less", life.store.clone()).gives(life.store.all(), &entries).await?;
    }
    life.task.commit(()).await?;
    let left = rows(context.read().await?.store(&TEXTS).await?.all()).await?;
    same(&left, &Vec::new())
}

pub(crate) async fn binary_keys(context: Context) -> Result<()> {
    let mut keys: Vec<_> = (0..=255_u8).map(|byte| bytes([byte])).collect();
    keys.extend([&b"\0\xff"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xff\xfe\0\0"].map(bytes));
    keys.sort();
    let entries: Vec<_> = keys.into_iter().map(|key| (key.clone(), key)).collect();
    let mut life = Life::with(&context, &RAW, entries.clone()).await?;
    while let Some(view) = life.next().await? {
        view.gives(view.all(), &entries).await?;
        let keys: Vec<_> = entries.iter().map(|(key, _)| key.clone()).collect();
        let values: Vec<_> = entries.iter().map(|(_, value)| Some(value.clone())).collect();
        same(&view.get_many(&keys).await?, &values)?;
    }
    Ok(())
}

pub(crate) async fn an_empty_key(context: Context) -> Result<()> {
    let mut life = Life::with(&context, &TEXTS, texts(["a"])).await?;
    same(&life.store.get(&String::new()).await?, &None)?;
    life.store.put(&String::new(), &texts([""])[0].1).await?;
    while let Some(view) = life.next().await? {
        view.holds(&texts(["", "a"])).await?;
        let range = view.range(None, Some(String::new()), Order::Backward);
        view.gives(range, &texts([""])).await?;
    }
    same(&life.store.delete(&String::new()).await?, &texts([""]).pop().map(|(_, value)| value))?;
    life.task.commit(()).await?;
    View::new("emptied", life.store.clone()).holds(&texts(["a"])).await
}

pub(crate) async fn texts_of_all_scripts(context: Context) -> Result<()> {
    let keys = [
        "\u{e9}",
        "e\u{301}",
        "e",
        "\u{1f469}\u{200d}\u{1f680}",
        "\u{1f469}",
        "\u{1f680}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{202e}abc",
        "abc",
        "\u{fb01}",
        "fi",
        "\u{212b}",
        "\u{c5}",
        "A\u{30a}",
        "\u{feff}abc",
        "\u{10ffff}",
        "ss",
        "\u{df}",
    ];
    texts_are_apart(context, keys).await
}

pub(crate) async fn case(context: Context) -> Result<()> {
    texts_are_apart(context, ["key", "Key", "kEY", "KEY", "\u{e4}", "\u{c4}"]).await
}

pub(crate) async fn punctuation_and_spaces(context: Context) -> Result<()> {
    let special = (0..=b'~').map(char::from);
    let special = special.filter(|c| c.is_ascii_punctuation() || !c.is_ascii_graphic());
    let mut keys: Vec<_> = special.flat_map(|c| [c.to_string(), format!("a{c}b")]).collect();
    keys.extend(
        ["a*", "a?b*", "[a-c]", "a[^b]", "\\d+", "'; drop", "--", "${a}", "{a}:b", "a\r\nb", "%_"]
            .map(str::to_owned),
    );
    texts_are_apart(context, keys).await
}

pub(crate) async fn percent_signs(context: Context) -> Result<()> {
    texts_are_apart(context, ["a%2Fb", "a/b", "a%2fb", "a%252Fb", "a+b", "a b", "a%20b"]).await
}

pub(crate) async fn paths(context: Context) -> Result<()> {
    let keys = [
        "/", "//", "a", "/a", "a/", "/a/", ".", "..", "./a", "../a", "a/../b", "b", " ", " a",
        "a ", "\t", "\ta", "a\t", "a.", ".a",
    ];
    texts_are_apart(context, keys).await
}

pub(crate) async fn queries_and_fragments(context: Context) -> Result<()> {
    texts_are_apart(context, ["a", "a?", "a?x=1", "a#", "a#f", "a?x=1#f", "?x=1", "#f", "a&x=1"])
        .await
}

pub(crate) async fn extensions(context: Context) -> Result<()> {
    texts_are_apart(context, ["foo", "foo/bar", "foo\0", "foo\0bar", "fo"]).await
}

pub(crate) async fn parts(context: Context) -> Result<()> {
    static PAIRS: KeyValue<(String, String), String> = KeyValue::new("pairs");
    let pair = |(a, b): (&str, &str)| ((a.to_owned(), b.to_owned()), format!("{a}|{b}"));
    // In order: first by the one part, then by the other.
    let pairs = [("", "a:b:c"), ("a", "b:c"), ("a\0", ":b:c"), ("a:b", "c"), ("a:b:", "c")];
    Life::with(&context, &PAIRS, pairs.map(pair).into_iter().rev())
        .await?
        .holds(&pairs.map(pair))
        .await?;
    // The same for a store and its keys, and for an application and its stores.
    let places = [("a", "b", ".c"), ("a", "b.", "c"), ("a.b", ".", "c"), ("a.", "b", ".c")];
    let store = |name: &str| KeyValue::<String, _>::new("").values(Raw).named(format!("_{name}"));
    let database = context.database().await?;
    for (application, name, key) in places {
        let task = database.task(application, 0).store(&store(name)).open().await?;
        let value = bytes(format!("{application}|{name}|{key}"));
        task.store(&store(name))?.put(&key.to_owned(), &value).await?;
        task.commit(()).await?;
    }
    for (application, name, key) in places {
        let read = context.database().await?.read(application, 0).await?;
        let value = bytes(format!("{application}|{name}|{key}"));
        let found = read.store(&store(name)).await?.get(&key.to_owned()).await?;
        same(&found, &Some(value))?;
    }
    Ok(())
}
