//! What one typed line does.

use store::{ErrorKind, Result};

use super::{Prompt, Refused, Then, command, show, usage, words};
use crate::shell::{
    Reply, Session,
    members::invalid,
    node::Node,
    operation::{Action, Operation},
};

impl Prompt<'_> {
    /// Does what a line says; what it refuses is shown.
    pub(super) fn line(&mut self, line: &str) -> Result<Then, Refused> {
        if line.trim_start().starts_with('{') {
            let reply = self.wait(async |session| session.reply(line.as_bytes()).await)?;
            self.say(&reply.to_string())?;
            return Ok(Then::GoOn);
        }
        let words = words::split(line)?;
        let Some((first, rest)) = words.split_first() else { return Ok(Then::GoOn) };
        match first.text.as_str() {
            "quit" | "exit" => return Ok(Then::Leave),
            "help" | "?" => self.help(rest.first().map(|word| word.text.as_str()))?,
            "stores" => self.show_stores()?,
            name => {
                let operation = Operation::named(name)?;
                self.operation(operation, rest)?;
            }
        }
        Ok(Then::GoOn)
    }

    fn operation(
        &mut self,
        operation: &'static Operation,
        words: &[words::Word],
    ) -> Result<(), Refused> {
        let request = match (operation.action, words) {
            (Action::Open, []) => self.open_all()?,
            _ => command::request(operation, words),
        };
        let reply = match request {
            Ok(request) => self.wait(async |session| session.request(request).await)?,
            Err(error) => Reply::from(Err(error)),
        };
        match reply.result() {
            Ok(value) => {
                self.say(&show::answer(operation, value))?;
                if matches!(operation.action, Action::Close) {
                    self.remember_recorded();
                }
            }
            Err(error) => {
                self.say(&show::error(error))?;
                if error.kind() == ErrorKind::InvalidArgument {
                    self.say(&show::quiet(&format!("usage: {}", usage::line(operation))))?;
                }
            }
        }
        Ok(())
    }

    /// A request that opens every recorded store as it is.
    fn open_all(&mut self) -> Result<Result<Node>, Refused> {
        let stores = self.wait(Session::recorded)??;
        if stores.is_empty() {
            return Ok(Err(invalid("the task has no stores yet: open NAME makes one")));
        }
        Ok(Ok(command::open_as_recorded(&stores)))
    }

    pub(super) fn show_stores(&mut self) -> Result<(), Refused> {
        let stores = self.wait(Session::recorded)??;
        if stores.is_empty() {
            let message =
                format!("task {} has no stores yet: open NAME makes one", self.session.task());
            return Ok(self.say(&show::quiet(&message))?);
        }
        Ok(self.say(&show::stores(&stores))?)
    }

    fn help(&mut self, name: Option<&str>) -> Result<(), Refused> {
        let Some(name) = name else { return Ok(self.say(&usage::all())?) };
        let other = usage::OTHER.iter().find(|(other, _)| *other == name);
        let (usage, about) = match other {
            Some((name, about)) => ((*name).to_owned(), *about),
            None => {
                let operation = Operation::named(name)?;
                (usage::line(operation), operation.about)
            }
        };
        Ok(self.say(&format!("{usage}\n{about}"))?)
    }
}
