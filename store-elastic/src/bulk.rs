//! Bulk requests: many operations in one, each with an answer of its own.

use std::fmt::{Debug, Display};

use serde::{Deserialize, Serialize};
use store_core::{Effect, Error, Result};

use crate::{
    client::{Client, Request, asks_for_less, passes},
    error::{Refusal, incomplete},
};

/// One operation, as it stands in the request.
pub(crate) struct Operation(String);

/// Where a document is, and what must be so that the operation is done.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Target<'a> {
    #[serde(rename = "_id")]
    pub(crate) id: &'a str,
    pub(crate) routing: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version_type: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) at: Option<At>,
}

/// A document's place in the history of its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct At {
    #[serde(rename(serialize = "if_seq_no", deserialize = "_seq_no"))]
    seq_no: u64,
    #[serde(rename(serialize = "if_primary_term", deserialize = "_primary_term"))]
    primary_term: u64,
}

impl Operation {
    /// Writes a document, new or not.
    pub(crate) fn index(target: Target<'_>, document: &impl Serialize) -> Self {
        Self::with_document("index", target, document)
    }

    /// Writes a document that is not there.
    pub(crate) fn create(target: Target<'_>, document: &impl Serialize) -> Self {
        Self::with_document("create", target, document)
    }

    /// Writes a document, by a request that is larger than one with the same bytes as an entry's.
    ///
    /// What a server does not take must be refused as a part of the log, before it is decided.
    pub(crate) fn index_larger(target: Target<'_>, document: &impl Serialize) -> Self {
        let Self(lines) = Self::index(target, document);
        // Between the line that says where it is and the document, where nothing is stored.
        Self(lines.replacen('\n', &format!("{:1024}\n", ""), 1))
    }

    /// Removes a document.
    pub(crate) fn delete(target: Target<'_>) -> Self {
        Self(format!("{{\"delete\":{}}}\n", line(&target)))
    }

    fn with_document(action: &str, target: Target<'_>, document: &impl Serialize) -> Self {
        Self(format!("{{\"{action}\":{}}}\n{}\n", line(&target), line(document)))
    }
}

fn line(value: &impl Serialize) -> String {
    // Invariant: documents and targets are structs of texts and numbers, which JSON can say, in one line.
    serde_json::to_string(value).expect("a document is valid JSON")
}

/// What became of one operation.
#[derive(Debug, Deserialize)]
pub(crate) struct Item {
    pub(crate) status: u16,
    error: Option<Refusal>,
    #[serde(flatten)]
    pub(crate) at: Option<At>,
}

/// Under the name of the operation's action.
#[derive(Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    items: Vec<std::collections::BTreeMap<String, Item>>,
}

const CONFLICT: u16 = 409;

impl Item {
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// Whether a document was removed, or was not there.
    pub(crate) fn is_gone(&self) -> bool {
        let is_plain = || self.error.as_ref().is_none_or(|error| *error == Refusal::default());
        self.is_done() || (self.status == 404 && is_plain())
    }

    /// Whether the document was not as demanded, or newer.
    pub(crate) const fn is_conflict(&self) -> bool {
        self.status == CONFLICT
    }

    pub(crate) fn refusal(&self, doing: impl Display) -> Error {
        self.error.clone().unwrap_or_default().error(self.status, doing)
    }
}

/// The request that brings operations. Nothing of it makes an index.
pub(crate) fn request(index: &str, operations: &[Operation]) -> Request {
    let body: String = operations.iter().map(|operation| operation.0.as_str()).collect();
    Request::post(format!("/{index}/_bulk"))
        .query("require_alias", "true")
        .query(
            "filter_path",
            "items.*.status,items.*.error.type,items.*.error.reason,items.*._seq_no,items.*._primary_term",
        )
        .body(body)
}

/// What became of each of so many operations.
pub(crate) fn items(answer: Answer, count: usize, doing: impl Display) -> Result<Vec<Item>> {
    let items: Vec<_> = answer.items.into_iter().flat_map(|item| item.into_values()).collect();
    if items.len() != count {
        let error = incomplete(doing, "the answer does not say what became of each entry");
        return Err(error.with_effect(Effect::Unknown));
    }
    Ok(items)
}

impl Client {
    /// Sends operations once; what became of each.
    pub(crate) async fn bulk(
        &self,
        index: &str,
        operations: &[Operation],
        doing: impl Display + Copy,
    ) -> Result<Vec<Item>> {
        let answer = self.once(&request(index, operations), doing).await?;
        items(answer, operations.len(), doing)
    }

    /// Sends operations until each is done, or was refused because the document is not as demanded, or newer; says how many
    /// were done. May be repeated.
    pub(crate) async fn bulk_all(
        &self,
        index: &str,
        operations: Vec<Operation>,
        doing: impl Display + Copy,
    ) -> Result<usize> {
        self.within(doing, async {
            let (mut batches, mut done, mut pauses) = (vec![operations], 0, self.pauses());
            while let Some(batch) = batches.pop() {
                if batch.is_empty() {
                    continue;
                }
                let error = match self.bulk(index, &batch, doing).await {
                    Ok(items) => {
                        let settled = settle(batch.into_iter().zip(items), doing)?;
                        done += settled.done;
                        batches.push(settled.again);
                        settled.error
                    }
                    Err(error) if asks_for_less(&error) && batch.len() > 1 => {
                        batches.extend(halves(batch));
                        // What is throttled as a whole may be too much at any time.
                        Some(error).filter(passes)
                    }
                    Err(error) => {
                        batches.push(batch);
                        Some(error)
                    }
                };
                if let Some(error) = error
                    && !(passes(&error) && pauses.wait().await)
                {
                    return Err(error);
                }
            }
            Ok(done)
        })
        .await
    }
}

/// The same in two parts, the first one last.
fn halves<T>(mut batch: Vec<T>) -> [Vec<T>; 2] {
    let second = batch.split_off(batch.len() / 2);
    [second, batch]
}

/// What is left of operations that were answered.
struct Settled<T> {
    done: usize,
    /// To be sent once more.
    again: Vec<T>,
    /// Why.
    error: Option<Error>,
}

/// Looks at each operation's answer: what is wrong for good ends it.
fn settle<T>(
    answered: impl Iterator<Item = (T, Item)>,
    doing: impl Display + Copy,
) -> Result<Settled<T>> {
    let mut settled = Settled { done: 0, again: Vec::new(), error: None };
    for (operation, item) in answered {
        match item.status {
            200..300 => settled.done += 1,
            // Newer there, or gone as it was to be.
            CONFLICT => {}
            _ if item.is_gone() => {}
            _ => {
                let error = item.refusal(doing);
                if !passes(&error) {
                    return Err(error.with_effect(Effect::Unknown));
                }
                settled.again.push(operation);
                settled.error = Some(error);
            }
        }
    }
    Ok(settled)
}

#[cfg(test)]
mod tests;
