//! How operations are typed, for help, hints and errors.

use crate::shell::operation::{Holds, Member, Operation, operations};

/// What can be typed beside the operations.
pub(super) const OTHER: &[(&str, &str)] = &[
    ("help", "show all commands, or how one is typed"),
    ("stores", "list the stores recorded with the task"),
    ("quit", "leave; what is not committed is thrown away"),
];

/// The words behind an operation's name.
pub(super) fn arguments(operation: &Operation) -> Vec<String> {
    operation.members.iter().map(argument).collect()
}

/// Whether a member is given by its place, not by `--name`.
pub(super) fn is_placed(member: &Member) -> bool {
    member.holds != Holds::Flag && !(member.holds == Holds::Integer && member.optional)
}

fn argument(member: &Member) -> String {
    let name = member.name.to_uppercase();
    match member.holds {
        Holds::Flag => format!("[--{}]", member.name),
        Holds::Integer if member.optional => format!("[--{} N]", member.name),
        Holds::Entries => "KEY VALUE…".to_owned(),
        Holds::Offsets => "[SOURCE=OFFSET…]".to_owned(),
        Holds::Stores => "[NAME[:KIND[,SETTING=VALUE…]]…]".to_owned(),
        Holds::Store | Holds::Bytes | Holds::Integer if member.optional => format!("[{name}]"),
        Holds::Store | Holds::Bytes | Holds::Integer => name,
    }
}

/// How an operation is typed.
pub(super) fn line(operation: &Operation) -> String {
    let mut words = vec![operation.name.to_owned()];
    words.extend(arguments(operation));
    words.join(" ")
}

/// What can be typed, a line each, without options.
pub(super) fn all() -> String {
    let operations = operations().map(|operation| {
        let mut words = vec![operation.name.to_owned()];
        words.extend(operation.members.iter().filter(|member| is_placed(member)).map(argument));
        vec![words.join(" "), operation.about.to_owned()]
    });
    let other = OTHER.iter().map(|(name, about)| vec![(*name).to_owned(), (*about).to_owned()]);
    let table = crate::output::table(&[], operations.chain(other));
    format!(
        "{table}\n\n\
         `help NAME` shows the options of a command; what lists takes --reverse and --limit N. Times are milliseconds.\n\
         Keys and values are text, hex:00ff for bytes, or null for none; 'a b' and \"a b\" are text with a space.\n\
         `open` without names opens all recorded stores as they are. A line of JSON is sent as it is."
    )
}
