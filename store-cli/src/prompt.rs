//! The prompt: short commands for people, turned into requests of the protocol.

use anyhow::Result;
use rustyline::{
    Completer, Editor, Helper, Highlighter, Hinter, Validator, error::ReadlineError,
    history::MemHistory,
};
use serde_json::{Map, Value, json};
use store_cli::shell::{OPERATIONS, Session};

const HELP: &str = "\
open STORE…                    claims the task and opens key-value stores
put STORE KEY VALUE            get STORE KEY
delete STORE KEY               put_if_absent STORE KEY VALUE
range STORE [FROM [TO]]        prefix STORE PREFIX
count STORE                    checkpoint
commit [SOURCE=OFFSET…]        rollback
close                          help, quit
Keys and values are text, or hex:00ff; quote what has blanks. A line that starts with { is a request of the protocol.
What is not committed when you leave is discarded.";

/// Completes operations and store names.
#[derive(Completer, Helper, Highlighter, Hinter, Validator)]
struct Words {
    #[rustyline(Completer)]
    names: Names,
}

struct Names(Vec<String>);

impl rustyline::completion::Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..position];
        let start = before.rfind(' ').map_or(0, |blank| blank + 1);
        let fitting = self.0.iter().filter(|name| name.starts_with(&before[start..]));
        Ok((start, fitting.cloned().collect()))
    }
}

fn names(session: &Session) -> Names {
    let operations = OPERATIONS.iter().copied().chain(["help", "quit"]);
    Names(operations.chain(session.stores()).map(str::to_owned).collect())
}

pub(crate) async fn run(mut session: Session) -> Result<()> {
    let mut editor =
        Editor::<Words, MemHistory>::with_history(Default::default(), MemHistory::new())?;
    println!("help shows the commands; Tab completes");
    loop {
        editor.set_helper(Some(Words { names: names(&session) }));
        let line = match editor.readline("store> ") {
            Ok(line) => line,
            Err(ReadlineError::Eof | ReadlineError::Interrupted) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let _ = editor.add_history_entry(&line);
        match line.trim() {
            "" => {}
            "help" => println!("{HELP}"),
            "quit" | "exit" => return Ok(()),
            json if json.starts_with('{') => println!("{}", session.answer(json.as_bytes()).await),
            command => match request(command) {
                Ok(request) => show(&session.answer(request.to_string().as_bytes()).await),
                Err(message) => println!("{message}"),
            },
        }
    }
}

/// The request of a short command.
fn request(command: &str) -> Result<Value, String> {
    let words = shell_words::split(command).map_err(|error| error.to_string())?;
    let (op, words) = words.split_first().ok_or("nothing to do")?;
    let mut request = Map::new();
    request.insert("op".to_owned(), json!(op));
    let members: &[&str] = match op.as_str() {
        "open" => {
            let store = |name| json!({ "name": name, "kind": "key_value", "adopt": true });
            request.insert("stores".to_owned(), words.iter().map(store).collect());
            return Ok(request.into());
        }
        "commit" => {
            let offset = |word: &String| {
                let (source, offset) = word.rsplit_once('=')?;
                Some((source.to_owned(), json!(offset.parse::<i64>().ok()?)))
            };
            let offsets = words.iter().map(offset).collect::<Option<Map<_, _>>>();
            let offsets = offsets.ok_or("an offset is SOURCE=NUMBER")?;
            request.insert("offsets".to_owned(), offsets.into());
            return Ok(request.into());
        }
        "put" | "put_if_absent" => &["store", "key", "value"],
        "get" | "delete" => &["store", "key"],
        "range" => &["store", "from", "to"],
        "prefix" => &["store", "prefix"],
        "count" => &["store"],
        "rollback" | "checkpoint" | "close" => &[],
        "put_all" => return Err("put_all is a request of the protocol only".to_owned()),
        _ => &[],
    };
    if words.len() > members.len() {
        return Err(format!("{op} takes {} words: {}", members.len(), members.join(" ")));
    }
    for (member, word) in members.iter().zip(words) {
        let word = match word.strip_prefix("hex:") {
            Some(digits) if *member != "store" => json!({ "hex": digits }),
            _ => json!(word),
        };
        request.insert((*member).to_owned(), word);
    }
    Ok(request.into())
}

/// Shows a reply: rows one below the other, errors by kind and message.
fn show(reply: &str) {
    let reply: Value = serde_json::from_str(reply).unwrap_or_default();
    if let Some(error) = reply.get("error") {
        let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
        println!("\x1b[31m{}\x1b[0m: {} ({})", text("kind"), text("message"), text("effect"));
        return;
    }
    match &reply["ok"] {
        Value::Null => println!("ok"),
        Value::Array(rows) => {
            for row in rows {
                let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
                let cells: Vec<_> = cells.iter().map(ToString::to_string).collect();
                println!("{}", cells.join("\t"));
            }
            println!("{} rows", rows.len());
        }
        other => println!("{other}"),
    }
}
