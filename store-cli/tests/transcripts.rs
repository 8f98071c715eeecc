//! Replays conversations word by word, also through the binary's own loop.
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod common;

use std::{fs, path::PathBuf};

use store_cli::shell::serve;

use self::common::{database, replay, session};

fn transcripts() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |file: fs::DirEntry| {
        (file.file_name().to_string_lossy().into_owned(), fs::read_to_string(file.path()).unwrap())
    };
    files.map(read).collect()
}

#[tokio::test]
async fn conversations_go_as_written() {
    let transcripts = transcripts();
    assert!(!transcripts.is_empty());
    for (name, transcript) in &transcripts {
        let compared = replay(&mut session(&database()), name, transcript).await;
        assert!(compared > 0, "{name} compares something");
    }
}

#[test]
fn the_loop_answers_the_same_lines_in_order() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (name, transcript) in transcripts() {
        let lines = |mark| {
            let lines = transcript.lines().filter_map(|line| line.strip_prefix(mark));
            lines.map(|line| format!("{line}\n")).collect::<String>()
        };
        let mut output = Vec::new();
        let mut session = session(&database());
        serve(runtime.handle(), &mut session, lines("> ").as_bytes(), &mut output, 4000).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), lines("< "), "{name}");
        assert!(session.stores().is_empty(), "the end of input closes the task");
    }
}

#[test]
fn a_line_that_is_too_long_is_answered_and_skipped() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let input = format!("{}\n{{}}\n{}", "x".repeat(100_001), "y".repeat(100_001));
    let mut output = Vec::new();
    let mut session = session(&database());
    serve(runtime.handle(), &mut session, input.as_bytes(), &mut output, 100_000).unwrap();
    let output = String::from_utf8(output).unwrap();
    let replies: Vec<_> = output.lines().collect();
    assert_eq!(replies.len(), 3, "{replies:?}");
    assert!(replies[0].contains(r#""kind":"InvalidArgument""#), "{}", replies[0]);
    assert!(replies[0].contains("longer than 100000 bytes"), "{}", replies[0]);
    assert!(replies[1].contains("is missing"), "{}", replies[1]);
    assert_eq!(replies[2], replies[0]);
}

#[tokio::test]
async fn the_end_of_input_discards_what_is_not_committed() {
    let database = database();
    let input = br#"{"op":"open","stores":[{"name":"c","kind":"key_value"}]}
{"op":"put","store":"c","key":"a","value":"1"}
{"op":"commit"}
{"op":"put","store":"c","key":"b","value":"2"}"#;
    let handle = tokio::runtime::Handle::current();
    let mut first = session(&database);
    let mut output = Vec::new();
    let served = tokio::task::spawn_blocking(move || {
        serve(&handle, &mut first, &input[..], &mut output, 1000).map(|()| output)
    });
    let output = served.await.unwrap().unwrap();
    assert_eq!(output, b"{\"ok\":null}\n".repeat(4));
    let rest = r#"
> {"op":"open","stores":[{"name":"c","kind":"key_value"}]}
> {"op":"range","store":"c"}
< {"ok":[["a","1"]]}
"#;
    assert_eq!(replay(&mut session(&database), "rest", rest).await, 1);
}
