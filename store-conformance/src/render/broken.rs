//! Stores that are broken on purpose, and the cases that notice.

use serde::{Deserialize, Serialize};

use super::row;

/// A store with one fault, and the cases that it fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Caught {
    /// The name of the fault.
    pub fault: String,
    /// What is broken.
    pub about: String,
    /// The ids of the cases that notice, in the order of the catalogue.
    pub by: Vec<String>,
}

impl Caught {
    /// A fault that these cases notice.
    #[must_use]
    pub const fn new(fault: String, about: String, by: Vec<String>) -> Self {
        Self { fault, about, by }
    }
}

/// How many cases are shown of a fault.
const SHOWN: usize = 6;

pub(super) fn table(caught: &[Caught]) -> String {
    let mut text = format!(
        "{} stores with one fault each, below the engine or in it (`engine::…`), are held to the cases. Each must be \
         caught, but for those of which no case speaks yet (`tests/broken`, `tests/broken_engine`). The cases named are \
         held to that by every run; others may notice, too.\n\n",
        caught.len()
    );
    text += &row(["fault", "what is broken", "caught by"]);
    text += &row(["---"; 3]);
    for Caught { fault, about, by } in caught {
        let mut cases = by.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if by.is_empty() {
            cases = "nothing yet".to_owned();
        } else if by.len() > SHOWN {
            cases += &format!(" and {} more", by.len() - SHOWN);
        }
        text += &row([fault, about, &cases]);
    }
    text
}
