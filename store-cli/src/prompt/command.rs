//! Short commands as requests: `put c a 1` for `{"op":"put","store":"c","key":"a","value":"1"}`.

use store::{Result, backend::StoreSpec};

use super::{usage::is_placed, words::Word};
use crate::{
    shell::{
        members::invalid,
        node::Node,
        operation::{Holds, Operation, shown},
    },
    text::{HEX, TEXT},
};

/// Makes a request of the words behind an operation's name.
pub(super) fn request(operation: &Operation, words: &[Word]) -> Result<Node> {
    let mut members = vec![("op".to_owned(), Node::Text(operation.name.to_owned()))];
    let mut places = operation.members.iter().filter(|member| is_placed(member));
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let flag = word.text.strip_prefix("--").filter(|_| !word.quoted);
        if let Some(name) = flag {
            members.push(flagged(operation, name, &mut words)?);
            continue;
        }
        let Some(member) = places.next() else {
            return Err(invalid(format!("{} takes fewer words", operation.name)));
        };
        let node = if is_rest(member.holds) {
            let mut all = vec![word];
            while let Some(word) = words.next_if(|word| word.quoted || !word.text.starts_with("--"))
            {
                all.push(word);
            }
            several(member.holds, &all)?
        } else {
            one(member.holds, word)?
        };
        members.push((member.name.to_owned(), node));
    }
    if let Some(left) = places.next().filter(|member| member.holds == Holds::Entries) {
        members.push((left.name.to_owned(), Node::List(Vec::new())));
    }
    Ok(Node::Object(members))
}

/// Whether a member takes all words that are left.
const fn is_rest(holds: Holds) -> bool {
    matches!(holds, Holds::Entries | Holds::Offsets | Holds::Stores)
}

/// `--reverse`, `--limit 5` or `--limit=5`.
fn flagged<'a>(
    operation: &Operation,
    flag: &str,
    words: &mut impl Iterator<Item = &'a Word>,
) -> Result<(String, Node)> {
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(Word { text: value.to_owned(), quoted: false })),
        None => (flag, None),
    };
    let known = operation.members.iter().filter(|member| !is_rest(member.holds));
    let Some(member) = known.clone().find(|member| member.name == name) else {
        return Err(invalid(format!("{} has no --{name}", operation.name)));
    };
    let node = match (member.holds, value) {
        (Holds::Flag, None) => Node::Flag(true),
        (Holds::Flag, Some(_)) => return Err(invalid(format!("--{name} takes no value"))),
        (holds, Some(value)) => one(holds, &value)?,
        (holds, None) => match words.next() {
            Some(word) => one(holds, word)?,
            None => return Err(invalid(format!("--{name} needs a value"))),
        },
    };
    Ok((name.to_owned(), node))
}

fn one(holds: Holds, word: &Word) -> Result<Node> {
    match holds {
        Holds::Bytes => Ok(bytes(word)),
        Holds::Integer => integer(&word.text),
        _ => Ok(Node::Text(word.text.clone())),
    }
}

fn bytes(Word { text, quoted }: &Word) -> Node {
    match text.as_str() {
        "null" if !quoted => Node::Null,
        text if *quoted => Node::Text(text.to_owned()),
        text => match text.strip_prefix(HEX) {
            Some(digits) => Node::Object(vec![("hex".to_owned(), Node::Text(digits.to_owned()))]),
            None => Node::Text(text.strip_prefix(TEXT).unwrap_or(text).to_owned()),
        },
    }
}

fn integer(text: &str) -> Result<Node> {
    match text {
        "null" => Ok(Node::Null),
        text => text
            .parse()
            .map(Node::Integer)
            .map_err(|error| invalid(format!("{} is no integer", shown(text))).with_source(error)),
    }
}

fn several(holds: Holds, words: &[&Word]) -> Result<Node> {
    match holds {
        Holds::Entries => {
            let pair = |pair: &[&Word]| Node::List(pair.iter().map(|word| bytes(word)).collect());
            Ok(Node::List(words.chunks(2).map(pair).collect()))
        }
        Holds::Offsets => {
            let offset = |word: &&Word| {
                let pair = word.text.rsplit_once('=');
                let (source, offset) =
                    pair.ok_or_else(|| invalid("offsets are given as SOURCE=OFFSET"))?;
                Ok((source.to_owned(), integer(offset)?))
            };
            words.iter().map(offset).collect::<Result<_>>().map(Node::Object)
        }
        _ => words.iter().map(|word| store(&word.text)).collect::<Result<_>>().map(Node::List),
    }
}

/// A store to be opened, `NAME:KIND,SETTING=VALUE,…`; `NAME` is a key-value store.
fn store(word: &str) -> Result<Node> {
    let text = |text: &str| Node::Text(text.to_owned());
    let (name, rest) = word.split_once(':').unwrap_or((word, "key_value"));
    let mut parts = rest.split(',');
    let kind = parts.next().unwrap_or_default();
    let mut members = vec![("name".to_owned(), text(name)), ("kind".to_owned(), text(kind))];
    for part in parts {
        let (setting, value) = part
            .split_once('=')
            .ok_or_else(|| invalid("settings of a store are given as SETTING=VALUE"))?;
        let value = match value {
            "true" => Node::Flag(true),
            "false" => Node::Flag(false),
            value => value.parse().map_or_else(|_| text(value), Node::Integer),
        };
        members.push((setting.to_owned(), value));
    }
    Ok(Node::Object(members))
}

/// A request that opens stores as they are recorded.
pub(super) fn open_as_recorded(specs: &[StoreSpec]) -> Node {
    let store = |spec: &StoreSpec| {
        let text = |name: &str, text: &str| (name.to_owned(), Node::Text(text.to_owned()));
        Node::Object(vec![text("name", spec.name.as_str()), text("kind", &spec.kind)])
    };
    let stores = specs.iter().map(store);
    Node::Object(vec![
        ("op".to_owned(), Node::Text("open".to_owned())),
        ("stores".to_owned(), Node::List(stores.collect())),
        ("adopt".to_owned(), Node::Flag(true)),
    ])
}

#[cfg(test)]
mod tests {
    use super::{super::words::split, Node, Operation, request};

    fn short(line: &str) -> Result<Node, String> {
        let words = split(line).unwrap();
        let operation = Operation::named(&words[0].text).unwrap();
        request(operation, &words[1..]).map_err(|error| error.to_string())
    }

    #[test]
    fn short_commands_are_requests() {
        for (line, json) in [
            ("get c a", r#"{"op":"get","store":"c","key":"a"}"#),
            (r#"get c "null""#, r#"{"op":"get","store":"c","key":"null"}"#),
            ("get c ''", r#"{"op":"get","store":"c","key":""}"#),
            ("put c a null", r#"{"op":"put","store":"c","key":"a","value":null}"#),
            (
                "put c hex:00ff text:hex:",
                r#"{"op":"put","store":"c","key":{"hex":"00ff"},"value":"hex:"}"#,
            ),
            ("put c a '--x'", r#"{"op":"put","store":"c","key":"a","value":"--x"}"#),
            ("range c", r#"{"op":"range","store":"c"}"#),
            (
                "range c a --limit 5 z --reverse",
                r#"{"op":"range","store":"c","from":"a","limit":5,"to":"z","reverse":true}"#,
            ),
            ("range c --to=z", r#"{"op":"range","store":"c","to":"z"}"#),
            (
                "put_all c a 1 b null",
                r#"{"op":"put_all","store":"c","entries":[["a","1"],["b",null]]}"#,
            ),
            ("put_all c a", r#"{"op":"put_all","store":"c","entries":[["a"]]}"#),
            ("put_all c", r#"{"op":"put_all","store":"c","entries":[]}"#),
            ("commit", r#"{"op":"commit"}"#),
            ("commit a=b=1 t-0=null", r#"{"op":"commit","offsets":{"a=b":1,"t-0":null}}"#),
            (
                "open c w:window --adopt",
                r#"{"op":"open","stores":[{"name":"c","kind":"key_value"},{"name":"w","kind":"window"}],"adopt":true}"#,
            ),
            (
                "open w:window,size_ms=10,retention_ms=-1,retain_duplicates=true,codec=json",
                r#"{"op":"open","stores":[{"name":"w","kind":"window","size_ms":10,"retention_ms":-1,"retain_duplicates":true,"codec":"json"}]}"#,
            ),
            (
                "window_put w a 1 -5",
                r#"{"op":"window_put","store":"w","key":"a","value":"1","start":-5}"#,
            ),
            (
                "window_fetch_keys w 0 9 null z --limit 1",
                r#"{"op":"window_fetch_keys","store":"w","from":0,"to":9,"from_key":null,"to_key":"z","limit":1}"#,
            ),
            (
                "versioned_get v a --as_of=-7",
                r#"{"op":"versioned_get","store":"v","key":"a","as_of":-7}"#,
            ),
        ] {
            assert_eq!(short(line), Ok(serde_json::from_str(json).unwrap()), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_a_request_says_why() {
        for (line, said) in [
            ("get c a b", "fewer words"),
            ("range c --limit", "needs a value"),
            ("range c --limit x", r#""x" is no integer"#),
            ("range c --reverse=1", "takes no value"),
            ("range c --revers", "has no --revers"),
            ("commit a", "SOURCE=OFFSET"),
            ("open w:window,size_ms", "SETTING=VALUE"),
            ("window_get w a now", r#""now" is no integer"#),
        ] {
            let error = short(line).unwrap_err();
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
