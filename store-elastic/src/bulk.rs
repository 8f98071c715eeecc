//! Bulk requests: many operations in one, each with an answer of its own.

use std::fmt::{Debug, Display};

use serde::{Deserialize, Serialize};
use store_core::{Effect, Error, ErrorKind, Result};

use crate::{
    client::{Client, Request, passes},
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
struct Answer {
    #[serde(default)]
    items: Vec<std::collections::BTreeMap<String, Item>>,
}

const CONFLICT: u16 = 409;

impl Item {
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.status, 200..300)
    }

    /// Whether the document was not as demanded, or newer.
    pub(crate) const fn is_conflict(&self) -> bool {
        self.status == CONFLICT
    }

    pub(crate) fn refusal(&self, doing: impl Display) -> Error {
        self.error.clone().unwrap_or_default().error(self.status, doing)
    }
}

impl Client {
    /// Sends operations once; what became of each. Nothing of it makes an index.
    pub(crate) async fn bulk(
        &self,
        index: &str,
        operations: &[Operation],
        doing: impl Display + Copy,
    ) -> Result<Vec<Item>> {
        let body: String = operations.iter().map(|operation| operation.0.as_str()).collect();
        let request = Request::post(format!("/{index}/_bulk"))
            .query("require_alias", "true")
            .query(
                "filter_path",
                "items.*.status,items.*.error.type,items.*.error.reason,items.*._seq_no,items.*._primary_term",
            )
            .body(body);
        let answer: Answer = self.once(&request, doing).await?;
        let items: Vec<_> = answer.items.into_iter().flat_map(|item| item.into_values()).collect();
        if items.len() != operations.len() {
            let error = incomplete(doing, "the answer does not say what became of each entry");
            return Err(error.with_effect(Effect::Unknown));
        }
        Ok(items)
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
                    Err(error) if error.kind() == ErrorKind::TooLarge && batch.len() > 1 => {
                        batches.extend(halves(batch));
                        None
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
            404 if item.error.clone().unwrap_or_default() == Refusal::default() => {}
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
mod tests {
    use serde_json::json;
    use store_core::{Effect, ErrorKind};

    use super::{Answer, At, Item, Operation, Target, halves, settle};

    #[test]
    fn halves_are_all_of_it_and_each_is_smaller() {
        assert_eq!(halves(vec![1, 2]), [vec![2], vec![1]]);
        assert_eq!(halves(vec![1, 2, 3, 4, 5]), [vec![3, 4, 5], vec![1, 2]]);
    }

    #[test]
    fn operations_as_they_are_sent() {
        let target = Target { id: "a/0:\"", routing: "a/0", ..Target::default() };
        let at = Some(At { seq_no: 7, primary_term: 2 });
        let stamped = Target { version: Some(5), version_type: Some("external_gte"), ..target };
        assert_eq!(
            Operation::index(stamped, &json!({"value": "x\ny"})).0,
            "{\"index\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\",\"version\":5,\"version_type\":\"external_gte\"}}\n\
             {\"value\":\"x\\ny\"}\n"
        );
        assert_eq!(
            Operation::create(target, &json!({})).0,
            "{\"create\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\"}}\n{}\n"
        );
        assert_eq!(
            Operation::delete(Target { at, ..target }).0,
            "{\"delete\":{\"_id\":\"a/0:\\\"\",\"routing\":\"a/0\",\"if_seq_no\":7,\"if_primary_term\":2}}\n"
        );
    }

    fn items(answer: &str) -> Vec<Item> {
        let answer: Answer = serde_json::from_str(answer).unwrap();
        answer.items.into_iter().flat_map(|item| item.into_values()).collect()
    }

    #[test]
    fn each_item_is_looked_at() {
        let items = items(
            r#"{"errors":true,"items":[
                {"index":{"_seq_no":3,"_primary_term":1,"status":201}},
                {"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"newer"}}},
                {"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"busy"}}},
                {"delete":{"status":404}},
                {"index":{"status":503,"error":{"type":"unavailable_shards_exception","reason":null}}},
                {"delete":{"status":404,"error":null}}]}"#,
        );
        assert_eq!(items[0].at, Some(At { seq_no: 3, primary_term: 1 }));
        assert!(items[1].is_conflict() && items[1].at.is_none());
        let settled = settle((0..).zip(items), "write").unwrap();
        assert_eq!((settled.done, settled.again), (1, vec![2, 4]));
        assert_eq!(settled.error.map(|error| error.kind()), Some(ErrorKind::Unavailable));
    }

    #[test]
    fn an_item_that_is_refused_for_good_is_an_error_whatever_the_others_are() {
        for (status, sort, kind) in [
            (400, "document_parsing_exception", ErrorKind::SchemaMismatch),
            (404, "index_not_found_exception", ErrorKind::NotFound),
            (403, "security_exception", ErrorKind::PermissionDenied),
        ] {
            let items = items(&format!(
                r#"{{"items":[{{"index":{{"status":429,"error":{{"type":"x","reason":"y"}}}}}},{{"index":{{"status":201}}}},
                    {{"index":{{"status":{status},"error":{{"type":"{sort}","reason":"hunter2"}}}}}}]}}"#
            ));
            let error = settle((0..).zip(items), "write").err().unwrap();
            assert_eq!((error.kind(), error.effect()), (kind, Effect::Unknown));
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
}
