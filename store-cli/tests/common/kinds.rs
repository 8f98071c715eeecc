//! A store of every kind, named as its kind.

use std::time::Duration;

use serde_json::Value;
use store::{Database, prelude::*};

/// Each kind and the settings it must have.
pub(crate) const KINDS: [(&str, &str); 5] = [
    ("key_value", ""),
    ("timestamped_key_value", ""),
    ("window", r#","size_ms":10,"retention_ms":100"#),
    ("session", r#","retention_ms":100"#),
    ("versioned", r#","history_ms":100"#),
];

/// The line that opens one of each, with or without its settings.
pub(crate) fn open_all(adopt: bool, settings: bool) -> String {
    let store = |(kind, own): (&str, &str)| {
        let own = if settings { own } else { "" };
        format!(r#"{{"name":"{kind}","kind":"{kind}"{own}}}"#)
    };
    format!(r#"{{"op":"open","stores":[{}],"adopt":{adopt}}}"#, KINDS.map(store).join(","))
}

/// What an error that changed nothing says.
pub(crate) fn refusal(reply: &Value, kind: &str) -> String {
    assert_eq!(reply["error"]["kind"], kind, "{reply}");
    assert_eq!(reply["error"]["effect"], "not_applied", "{reply}");
    let message = reply["error"]["message"].as_str().unwrap().to_owned();
    assert!(!message.contains("SECRET"), "{message}");
    message
}

/// A task with a store of each kind, made by a program with keys and values of its own, and named as its kind.
pub(crate) async fn made_elsewhere(database: &Database) {
    let hundred = Duration::from_millis(100);
    let counts = KeyValue::<u8, u64>::new("key_value");
    let prices = TimestampedKeyValue::<u8, u64>::new("timestamped_key_value");
    let clicks = Window::<u8, u64>::new("window", Duration::from_millis(10), hundred);
    let clicks = clicks.segments(Duration::from_millis(7)).duplicates();
    let visits = Session::<u8, u64>::new("session", hundred);
    let rates = VersionedKeyValue::<u8, u64>::new("versioned", hundred);
    let task = database.task("a", 0).store(&counts).store(&prices).store(&clicks).store(&visits);
    let task = task.store(&rates).open().await.unwrap();
    task.store(&counts).unwrap().put(&7, &1).await.unwrap();
    task.store(&prices).unwrap().put(&7, &Timestamped::new(2, 5)).await.unwrap();
    task.store(&clicks).unwrap().put(&7, 40, Some(&3)).await.unwrap();
    let visit = SessionWindow::new(40, 50);
    task.store(&visits).unwrap().put(&7, visit, Some(&4)).await.unwrap();
    task.store(&rates).unwrap().put(&7, Some(&5), 40).await.unwrap();
    task.commit([("t", 1)]).await.unwrap();
    task.close().await.unwrap();
}
