//! Completion and hints while a line is typed.

use std::borrow::Cow;

use rustyline::{
    Context, Helper, completion::Completer, highlight::Highlighter, hint::Hinter,
    validate::Validator,
};

use super::{show::quiet, usage};
use crate::shell::operation::{Action, Holds, Operation, operations};

/// What can be completed: names of operations, and of stores.
#[derive(Debug, Default)]
pub(super) struct Typing {
    /// Stores that are open.
    pub(super) open: Vec<String>,
    /// Stores recorded with the task.
    pub(super) recorded: Vec<String>,
}

impl Typing {
    /// What the last word of a line can become, and where that word starts.
    fn candidates(&self, line: &str) -> (usize, Vec<String>) {
        let start = line.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let (before, word) = line.split_at(start);
        let before: Vec<_> = before.split_whitespace().collect();
        let names: Vec<String> = match before.as_slice() {
            [] | ["help"] => {
                let other = usage::OTHER.iter().map(|(name, _)| *name);
                let names = operations().map(|operation| operation.name).chain(other);
                names.map(str::to_owned).collect()
            }
            [name, given @ ..] => Operation::named(name)
                .map(|operation| self.arguments(operation, given.len(), word))
                .unwrap_or_default(),
        };
        let names = names.into_iter().filter(|name| name.starts_with(word));
        (start, names.map(|name| format!("{name} ")).collect())
    }

    fn arguments(&self, operation: &Operation, given: usize, word: &str) -> Vec<String> {
        if word.starts_with("--") {
            let members = operation.members.iter().filter(|member| member.optional);
            return members.map(|member| format!("--{}", member.name)).collect();
        }
        match operation.action {
            Action::Open => self.recorded.clone(),
            _ if given == 0
                && operation.members.first().is_some_and(|first| first.holds == Holds::Store) =>
            {
                self.open.clone()
            }
            _ => Vec::new(),
        }
    }
}

/// The arguments that are still to come.
fn rest(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let operation = Operation::named(words.next()?).ok()?;
    let arguments = usage::arguments(operation);
    let left = arguments.get(words.filter(|word| !word.starts_with("--")).count()..)?;
    let space = if line.ends_with(char::is_whitespace) { "" } else { " " };
    (!left.is_empty()).then(|| format!("{space}{}", left.join(" ")))
}

impl Completer for Typing {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(&line[..pos]))
    }
}

impl Hinter for Typing {
    type Hint = Usage;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Usage> {
        rest(line).filter(|_| pos == line.len()).map(Usage)
    }
}

/// A hint that is only looked at, never taken over into the line.
#[derive(Debug)]
pub(super) struct Usage(String);

impl rustyline::hint::Hint for Usage {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Highlighter for Typing {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(quiet(hint))
    }
}

impl Validator for Typing {}

impl Helper for Typing {}

#[cfg(test)]
mod tests {
    use super::{Typing, rest};

    #[test]
    fn names_are_completed_where_they_stand() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let typing = Typing { open: names(&["counts", "words"]), recorded: names(&["counts"]) };
        let completed = |line| typing.candidates(line);
        assert_eq!(completed("pu"), (0, names(&["put ", "put_if_absent ", "put_all "])));
        assert_eq!(completed("help qu"), (5, names(&["quit "])));
        assert_eq!(completed("get w"), (4, names(&["words "])));
        assert_eq!(completed("get words w"), (10, Vec::new()));
        assert_eq!(completed("open c"), (5, names(&["counts "])));
        assert_eq!(
            completed("range c --"),
            (8, names(&["--from ", "--to ", "--reverse ", "--limit "]))
        );
        assert_eq!(completed("nonsense x"), (9, Vec::new()));
        assert_eq!(completed("commit "), (7, Vec::new()));
    }

    #[test]
    fn hints_show_what_is_to_come() {
        assert_eq!(rest("put").as_deref(), Some(" STORE KEY VALUE"));
        assert_eq!(rest("put c ").as_deref(), Some("KEY VALUE"));
        assert_eq!(rest("put c a 1"), None);
        assert_eq!(rest("put c a 1 2"), None);
        assert_eq!(rest("pu"), None);
    }
}
