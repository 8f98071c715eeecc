//! A typed line as words, with quotes for what has spaces in it.

use store::Result;

use crate::shell::members::invalid;

/// One word of a typed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether any of it stood in quotes: then it is text, whatever it looks like.
    pub(super) quoted: bool,
}

/// Splits at spaces; `'…'` is taken as it is, in `"…"` a backslash stands before `"`, `\`, `n`, `r` and `t`.
pub(super) fn split(line: &str) -> Result<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() {
        let mut word = Word { text: String::new(), quoted: false };
        rest = take(rest, &mut word)?.trim_start();
        words.push(word);
    }
    Ok(words)
}

/// Takes one word from the front and gives what is behind it.
fn take<'a>(line: &'a str, word: &mut Word) -> Result<&'a str> {
    for (at, character) in line.char_indices() {
        match character {
            space if space.is_whitespace() => return Ok(&line[at..]),
            quote @ ('"' | '\'') => {
                word.quoted = true;
                let length = quoted(&line[at + 1..], quote, &mut word.text)?;
                return take(&line[at + 1 + length..], word);
            }
            plain => word.text.push(plain),
        }
    }
    Ok("")
}

/// Takes what stands in quotes and gives its length, the closing quote included.
fn quoted(line: &str, quote: char, text: &mut String) -> Result<usize> {
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            end if end == quote => return Ok(at + 1),
            '\\' if quote == '"' => text.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, 'r')) => '\r',
                Some((_, 't')) => '\t',
                Some((_, plain @ ('"' | '\\'))) => plain,
                _ => return Err(invalid(r#"a backslash in quotes stands before ", \, n, r or t"#)),
            }),
            plain => text.push(plain),
        }
    }
    Err(invalid(format!("a quote {quote} is not closed")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    #[test]
    fn words_and_quotes() {
        let words = |line| -> Vec<(String, bool)> {
            split(line).unwrap().into_iter().map(|word| (word.text, word.quoted)).collect()
        };
        let word = |text: &str, quoted| (text.to_owned(), quoted);
        assert_eq!(words("  put c\ta "), [word("put", false), word("c", false), word("a", false)]);
        assert_eq!(
            words(r#""a b" '' "null""#),
            [word("a b", true), word("", true), word("null", true)]
        );
        assert_eq!(
            words(r#"a"b c"d "\"\\\n" '\n'"#),
            [word("ab cd", true), word("\"\\\n", true), word(r"\n", true),]
        );
        for wrong in ["'a", "\"a", r#""\x""#, r#""\"#] {
            assert!(split(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_line_splits_or_is_refused(line: String) {
            let _ = split(&line);
        }
    }
}
