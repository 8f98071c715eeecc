//! The orders of a worker.

use clap::{Args, ValueEnum};

use super::steps::Fault;

/// How a worker works.
#[derive(Args, Clone, Debug)]
#[non_exhaustive]
pub struct Work {
    /// Where the state is.
    #[arg(long)]
    pub url: String,
    /// The application; its partition 0 is the task.
    #[arg(long)]
    pub application: String,
    /// What the records are made of.
    #[arg(long)]
    pub seed: u64,
    /// What choices are made of: how much goes into a commit, what is done after an error.
    #[arg(long)]
    pub choices: u64,
    /// Stands in front of the names of its commits.
    #[arg(long)]
    pub name: String,
    /// The position before which to end.
    #[arg(long, default_value_t = i64::MAX)]
    pub until: i64,
    /// How many owners work in this process at once.
    #[arg(long, default_value_t = 1)]
    pub owners: u64,
    /// How often each owner may claim the task; one that is fenced claims again.
    #[arg(long, default_value_t = 1)]
    pub claims: u64,
    /// Claims again only when it must.
    #[arg(long)]
    pub steady: bool,
    /// A fault, to see that the harness notices.
    #[arg(long, value_enum, default_value_t)]
    pub fault: Fault,
}

impl Work {
    /// The command line that says the same.
    pub(super) fn arguments(&self) -> Vec<String> {
        let fault = self.fault.to_possible_value();
        let pairs = [
            ("url", self.url.clone()),
            ("application", self.application.clone()),
            ("seed", self.seed.to_string()),
            ("choices", self.choices.to_string()),
            ("name", self.name.clone()),
            ("until", self.until.to_string()),
            ("owners", self.owners.to_string()),
            ("claims", self.claims.to_string()),
            ("fault", fault.map_or_else(String::new, |fault| fault.get_name().to_owned())),
        ];
        let pairs = pairs.into_iter().map(|(name, value)| format!("--{name}={value}"));
        pairs.chain(self.steady.then(|| "--steady".to_owned())).collect()
    }
}
