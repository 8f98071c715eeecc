//! The guide `docs/backend.md` shows this crate, line by line.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::{collections::BTreeMap, fs, path::Path};

use toml::{Table, Value};

const GUIDE: &str = include_str!("../../../docs/backend.md");

/// The code blocks that the guide puts into a file, which it names before each, with an empty line between them.
fn shown(file: &str) -> String {
    let name = format!("\n**`{file}`**");
    let block = |rest: &str| {
        let (_, code) = rest.split_once("\n```").unwrap();
        let (_, code) = code.split_once('\n').unwrap();
        code.split_once("\n```\n").unwrap().0.to_owned() + "\n"
    };
    GUIDE.split(&name).skip(1).map(block).collect::<Vec<_>>().join("\n")
}

fn own(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn every_file_is_shown_as_it_is() {
    let sources = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let sources = sources.map(|file| format!("src/{}", file.unwrap().file_name().display()));
    let mut files: Vec<_> = sources.collect();
    files.push("tests/conformance.rs".to_owned());
    assert!(files.len() >= 9, "{files:?}");
    for file in files {
        let file_text = own(&file);
        // Unit tests are beside the point there.
        let code = file_text.split("\n#[cfg(test)]").next().unwrap();
        assert!(shown(&file) == code, "docs/backend.md shows another {file}:\n{}", shown(&file));
    }
}

/// Names and versions by table; paths and features are written in other ways.
fn dependencies(manifest: &Table, workspace: &Table) -> BTreeMap<String, Option<String>> {
    let version = |value: &Value| -> Option<String> {
        let version = value.as_str().or_else(|| value.get("version")?.as_str());
        version.map(str::to_owned)
    };
    let mut found = BTreeMap::new();
    for table in ["dependencies", "dev-dependencies"] {
        for (name, value) in manifest[table].as_table().unwrap() {
            let value = match value.get("workspace") {
                Some(_) => &workspace["workspace"]["dependencies"][name],
                None => value,
            };
            let version = version(value).filter(|_| value.get("path").is_none());
            found.insert(format!("{table}.{name}"), version);
        }
    }
    found
}

#[test]
fn the_dependencies_are_those_shown() {
    let workspace: Table = own("../../Cargo.toml").parse().unwrap();
    let shown: Table = shown("Cargo.toml").parse().unwrap();
    let own: Table = own("Cargo.toml").parse().unwrap();
    let mut expected = dependencies(&own, &workspace);
    // For the tests that are not in the guide.
    for name in ["futures", "toml"] {
        assert!(expected.remove(&format!("dev-dependencies.{name}")).is_some());
    }
    assert_eq!(dependencies(&shown, &workspace), expected);
    assert_eq!(shown["test"], own["test"]);
}
