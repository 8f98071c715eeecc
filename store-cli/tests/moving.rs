//! `copy`, `export`, `import` and `verify`, the copy also under kills.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::{fs, process::Stdio, thread, time::Duration};

use serde_json::Value;
use store::{KeyValue, prelude::*};
use tempfile::{TempDir, tempdir};

use self::common::{
    kinds::made_elsewhere,
    process::{printed, refused, run, store, text, url},
};

/// A folder with tasks: `a` has a store of each kind, `big` many entries in two partitions.
fn made(entries: u64) -> TempDir {
    let folder = tempdir().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let database = store::connect(&url(&folder)).await.unwrap();
        made_elsewhere(&database).await;
        let numbers = KeyValue::<u64, String>::new("numbers");
        for partition in 0..2 {
            let task = database.task("big", partition).store(&numbers).open().await.unwrap();
            let store = task.store(&numbers).unwrap();
            for number in 0..entries {
                store.put(&number, &format!("{partition} {number}")).await.unwrap();
            }
            task.commit([("t", 1)]).await.unwrap();
            task.close().await.unwrap();
        }
    });
    folder
}

fn lines(printed: &str) -> Vec<Value> {
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_kind_is_copied_exported_imported_and_the_same() {
    let (source, target, third) = (made(3), tempdir().unwrap(), tempdir().unwrap());
    let (from, to, third) = (url(&source), url(&target), url(&third));
    let copied = lines(&printed(&["copy", &from, &to, "-a", "a"]));
    assert_eq!(copied[0]["outcome"], "moved");
    assert_eq!(copied[0]["stores"].as_object().unwrap().len(), 5);
    let again = lines(&printed(&["copy", &from, &to, "-a", "a"]));
    assert_eq!((&again[0]["outcome"], &again[0]["written"]), (&"already_there".into(), &0.into()));
    let compared = lines(&printed(&["verify", &from, &to, "-a", "a"]));
    assert_eq!(compared[0]["same"], true);
    assert_eq!(compared[0]["hash"], copied[0]["hash"]);

    let file = source.path().join("a.store");
    let file = file.to_str().unwrap();
    printed(&["export", &to, file, "-a", "a"]);
    assert!(refused(&["export", &to, file, "-a", "a"], 1).contains("--replace"));
    assert_eq!(lines(&printed(&["verify", file]))[0]["hash"], copied[0]["hash"]);
    let imported = lines(&printed(&["import", file, &third]));
    assert_eq!(imported[0]["hash"], copied[0]["hash"]);
    assert_eq!(lines(&printed(&["verify", file, &third, "-a", "a"]))[0]["same"], true);

    let mut bytes = fs::read(file).unwrap();
    let last = bytes.len() - 30;
    bytes[last] ^= 1;
    fs::write(file, bytes).unwrap();
    let error = refused(&["import", file, &third, "--replace"], 1);
    assert!(error.contains("damaged") && error.lines().count() == 1, "{error}");
    assert_eq!(lines(&printed(&["verify", &from, &third, "-a", "a"]))[0]["same"], true);
}

#[test]
fn what_differs_is_named_and_fails() {
    let (one, two) = (made(3), made(4));
    let output = run(&["verify", &url(&one), &url(&two), "-a", "big"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("2 of 2 tasks differ"));
    let said = "store numbers has 3 entries here and 4 there";
    assert_eq!(lines(text(&output.stdout))[0]["differences"][0], said);
    let error = refused(&["copy", &url(&one), &url(&two), "-a", "big"], 1);
    assert!(error.contains("task big/0 already"), "{error}");
    assert!(refused(&["copy", &url(&one), &url(&one), "-a", "big"], 2).contains("the same"));
    refused(&["import", "-", &url(&one), "--replace"], 2);
    refused(&["verify", &url(&one)], 2);
    refused(&["copy", &url(&one), "embedded:x?no_such=1", "-a", "big"], 2);
    assert!(refused(&["copy", &url(&one), &url(&two), "-a", "none"], 1).contains("no tasks"));
}

/// `SEED=n` kills at the moments of an earlier run.
#[test]
fn a_copy_that_is_killed_goes_on_where_it_was() {
    let (source, target) = (made(20_000), tempdir().unwrap());
    let (from, to) = (url(&source), url(&target));
    let arguments = ["copy", &from, &to, "-a", "big", "--batch", "40"];
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7_u64);
    println!("SEED={seed}");
    let (mut random, mut killed, mut unfinished, mut written) = (seed, 0, 0, 0);
    for attempt in 0..300 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut child =
            store(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // A little longer each time: a fast machine is not done between two kills, and a slow one gets on, too.
        thread::sleep(Duration::from_millis(10 + 10 * attempt + (random >> 33) % 20));
        let ended = child.try_wait().unwrap().is_some();
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u32::from(!ended);
        if !target.path().join("state").exists() {
            continue;
        }
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let database = store::connect(&to).await.unwrap();
            let task = database.read("big", 0).await;
            let Ok(task) = task else { return };
            let Some(mark) = task.checkpoint().await.unwrap().unfinished else { return };
            assert!(mark.entries >= written, "nothing is copied again");
            (written, unfinished) = (mark.entries, unfinished + 1);
            let opened = database.task("big", 0).open().await;
            assert_eq!(opened.unwrap_err().kind(), ErrorKind::Locked);
        });
        if ended || unfinished == 5 {
            break;
        }
    }
    println!("{killed} killed, {unfinished} times the first task was unfinished");
    assert!(killed > 0 && unfinished > 0, "nothing was killed while it was copied");
    let copied = lines(&printed(&arguments));
    assert_eq!(copied.len(), 2);
    assert!(copied.iter().all(|line| line["entries"] == 20_000));
    let compared = lines(&printed(&["verify", &from, &to, "-a", "big"]));
    assert!(compared.iter().all(|line| line["same"] == true));
}
