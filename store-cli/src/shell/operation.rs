//! The table of operations: what parsing, help, completion and short commands agree on.

use store::{Error, ErrorKind, Result};

use super::{kinds, task};

/// One operation of the protocol.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    /// In the order in which short commands give them.
    pub(crate) members: &'static [Member],
    /// Whether null is an absent value, not a plain "done".
    pub(crate) reads: bool,
    /// What the parts of an answered row are, for a table; a row may have fewer.
    pub(crate) columns: &'static [&'static str],
    /// Begins with a verb, for help.
    pub(crate) about: &'static str,
}

/// What an operation does; those on a store take the member `store` first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Open,
    Close,
    Task(task::Action),
    Store(kinds::Action),
}

/// One member of an operation's request.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
    pub(crate) optional: bool,
}

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The name of an opened store.
    Store,
    /// Bytes, or null where the operation allows it.
    Bytes,
    /// An integer.
    Integer,
    Flag,
    /// Pairs of key and value.
    Entries,
    /// Positions by source.
    Offsets,
    /// Stores to open.
    Stores,
}

impl Member {
    pub(crate) const STORE: Self = Self::new("store", Holds::Store);
    pub(crate) const KEY: Self = Self::new("key", Holds::Bytes);
    pub(crate) const VALUE: Self = Self::new("value", Holds::Bytes);
    pub(crate) const REVERSE: Self = Self::optional("reverse", Holds::Flag);
    pub(crate) const LIMIT: Self = Self::optional("limit", Holds::Integer);

    pub(crate) const fn new(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, optional: false }
    }

    pub(crate) const fn optional(name: &'static str, holds: Holds) -> Self {
        Self { name, holds, optional: true }
    }

    /// A time in milliseconds.
    pub(crate) const fn time(name: &'static str) -> Self {
        Self::new(name, Holds::Integer)
    }
}

/// All operations, those of the task first.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> + Clone {
    [task::OPERATIONS].into_iter().chain(kinds::OPERATIONS.iter().copied()).flatten()
}

impl Operation {
    pub(crate) const fn new(
        name: &'static str,
        action: Action,
        members: &'static [Member],
        about: &'static str,
    ) -> Self {
        Self { name, action, members, reads: false, columns: &[], about }
    }

    pub(crate) const fn reading(self) -> Self {
        Self { reads: true, ..self }
    }

    pub(crate) const fn columns(self, columns: &'static [&'static str]) -> Self {
        Self { columns, ..self }
    }

    /// The operation of this name, else `InvalidArgument`.
    pub(crate) fn named(name: &str) -> Result<&'static Self> {
        operations().find(|operation| operation.name == name).ok_or_else(|| {
            let names = operations().map(|operation| operation.name);
            let message = format!("there is no op {}: {}", shown(name), hint(name, names));
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }
}

/// What was probably meant by a wrong name, or all that can be meant.
pub(crate) fn hint<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let name = cut(name);
    let scored =
        known.clone().map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    match scored.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((score, near)) if score > 0.6 => format!("did you mean {near:?}?"),
        Some(_) => format!("known are {}", known.collect::<Vec<_>>().join(", ")),
        None => "there are none".to_owned(),
    }
}

/// A name as messages show it: quoted and not at any length.
pub(crate) fn shown(name: &str) -> String {
    let dots = if cut(name).len() < name.len() { "…" } else { "" };
    format!("{:?}{dots}", cut(name))
}

/// The longest part of a wrong name that is worth showing or comparing, in characters.
const SHOWN: usize = 100;

fn cut(name: &str) -> &str {
    name.char_indices().nth(SHOWN).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Operation, operations, shown};

    #[test]
    fn each_name_is_one_operation() {
        let names: HashSet<_> = operations().map(|operation| operation.name).collect();
        assert_eq!(names.len(), operations().count());
    }

    #[test]
    fn a_wrong_name_gets_the_nearest() {
        let message = |name| Operation::named(name).unwrap_err().to_string();
        assert_eq!(message("puts"), r#"there is no op "puts": did you mean "put"?"#);
        assert!(message("xyz").contains("known are open, commit"), "{}", message("xyz"));
        assert_eq!(shown(&"n".repeat(101)).chars().count(), 103);
    }
}
