//! The members of a request, taken one by one; what is wrong is said by member, never with its value.

use std::time::Duration;

use bytes::Bytes;
use store::{Error, ErrorKind, Result};

use super::{
    bytes::{bytes, nullable},
    node::Node,
    operation::{Operation, hint, shown},
};

/// The members of one JSON object that are not taken yet.
#[derive(Debug)]
pub(crate) struct Members {
    /// What the object is, for messages: `put`, `store 2 of open`.
    of: String,
    members: Vec<(String, Node)>,
}

/// An error of the request itself.
pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

/// The operation and members of a request.
pub(crate) fn request(line: Node) -> Result<(&'static Operation, Members)> {
    let Node::Object(members) = line else {
        return Err(invalid(format!("a line must be one JSON object, not {}", line.describe())));
    };
    let mut request = Members { of: "a request".to_owned(), members };
    let operation = Operation::named(&request.text("op")?)?;
    request.of = operation.name.to_owned();
    request.check(operation.members.iter().map(|member| member.name))?;
    Ok((operation, request))
}

impl Members {
    /// The members of an object that stands inside a request.
    pub(crate) fn inner(of: String, node: Node) -> Result<Self> {
        match node {
            Node::Object(members) => Ok(Self { of, members }),
            other => Err(invalid(format!("{of} must be an object, not {}", other.describe()))),
        }
    }

    /// Refuses members that are not among the known ones.
    pub(crate) fn check<'a>(&self, known: impl Iterator<Item = &'a str> + Clone) -> Result<()> {
        let unknown = self.members.iter().find(|(name, _)| !known.clone().any(|k| k == name));
        let Some((name, _)) = unknown else { return Ok(()) };
        let message = format!("{} has no member {}: {}", self.of, shown(name), hint(name, known));
        Err(invalid(message))
    }

    /// Takes a member that may be left out.
    fn optional(&mut self, name: &str) -> Option<Node> {
        let at = self.members.iter().position(|(other, _)| other == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// Takes a member.
    pub(crate) fn node(&mut self, name: &str) -> Result<Node> {
        let missing = || invalid(format!("member {name:?} of {} is missing", self.of));
        let at = self.members.iter().position(|(other, _)| other == name).ok_or_else(missing)?;
        Ok(self.members.swap_remove(at).1)
    }

    /// Adds a member where it is left out.
    pub(crate) fn fill(&mut self, name: &str, node: Node) {
        if !self.members.iter().any(|(other, _)| other == name) {
            self.members.push((name.to_owned(), node));
        }
    }

    fn wrong(&self, name: &str, wanted: &str, found: &Node) -> Error {
        let found = found.describe();
        invalid(format!("member {name:?} of {} must be {wanted}, not {found}", self.of))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String> {
        match self.node(name)? {
            Node::Text(text) => Ok(text),
            other => Err(self.wrong(name, "a string", &other)),
        }
    }

    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.optional(name) {
            None => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, "a string", &other)),
        }
    }

    /// A key or value.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Bytes> {
        let node = self.node(name)?;
        bytes(node).map_err(|error| self.of_member(name, &error))
    }

    /// A key or value, or null for none; must be there.
    pub(crate) fn nullable_bytes(&mut self, name: &str) -> Result<Option<Bytes>> {
        let node = self.node(name)?;
        nullable(node).map_err(|error| self.of_member(name, &error))
    }

    /// A key or null for an open end, which may also be left out.
    pub(crate) fn bound(&mut self, name: &str) -> Result<Option<Bytes>> {
        let node = self.optional(name).unwrap_or(Node::Null);
        nullable(node).map_err(|error| self.of_member(name, &error))
    }

    /// A time in milliseconds.
    pub(crate) fn time(&mut self, name: &str) -> Result<i64> {
        match self.node(name)? {
            Node::Integer(time) => Ok(time),
            other => Err(self.wrong(name, "an integer", &other)),
        }
    }

    /// A time in milliseconds; none where left out or null.
    pub(crate) fn optional_time(&mut self, name: &str) -> Result<Option<i64>> {
        match self.optional(name) {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Integer(time)) => Ok(Some(time)),
            Some(other) => Err(self.wrong(name, "an integer or null", &other)),
        }
    }

    /// A length of time in milliseconds.
    pub(crate) fn duration(&mut self, name: &str) -> Result<Duration> {
        let time = self.time(name)?;
        self.not_negative(name, time).map(Duration::from_millis)
    }

    /// A length of time in milliseconds; none where left out or null.
    pub(crate) fn optional_duration(&mut self, name: &str) -> Result<Option<Duration>> {
        let time = self.optional_time(name)?;
        time.map(|time| self.not_negative(name, time).map(Duration::from_millis)).transpose()
    }

    /// False where left out.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool> {
        match self.optional(name) {
            None => Ok(false),
            Some(Node::Flag(flag)) => Ok(flag),
            Some(other) => Err(self.wrong(name, "true or false", &other)),
        }
    }

    /// A number of entries; none where left out or null.
    pub(crate) fn limit(&mut self, name: &str) -> Result<Option<usize>> {
        match self.optional(name) {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Integer(number)) => self.not_negative(name, number).map(Some),
            Some(other) => Err(self.wrong(name, "an integer or null", &other)),
        }
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<Node>> {
        match self.node(name)? {
            Node::List(items) => Ok(items),
            other => Err(self.wrong(name, "a list", &other)),
        }
    }

    /// Named integers or nulls; none where left out.
    pub(crate) fn offsets(&mut self, name: &str) -> Result<Vec<(String, Option<i64>)>> {
        let members = match self.optional(name) {
            None => return Ok(Vec::new()),
            Some(Node::Object(members)) => members,
            Some(other) => return Err(self.wrong(name, "an object", &other)),
        };
        let offset = |(source, node): (String, Node)| match node {
            Node::Null => Ok((source, None)),
            Node::Integer(offset) => Ok((source, Some(offset))),
            other => {
                let what = format!("of source {} must be an integer or null", shown(&source));
                Err(invalid(format!("{}, not {}", self.at(name, &what), other.describe())))
            }
        };
        members.into_iter().map(offset).collect()
    }

    /// What is wrong with a member, in front of which stands which one it is.
    pub(crate) fn at(&self, name: &str, what: &str) -> String {
        format!("member {name:?} of {} {what}", self.of)
    }

    fn not_negative<T>(&self, name: &str, number: i64) -> Result<T>
    where
        T: TryFrom<i64, Error = std::num::TryFromIntError>,
    {
        T::try_from(number)
            // The library's error adds only that a conversion failed.
            .map_err(|_conversion| invalid(self.at(name, "must not be negative")))
    }

    fn of_member(&self, name: &str, error: &Error) -> Error {
        invalid(self.at(name, &error.to_string()))
    }
}
