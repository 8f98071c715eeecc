//! Searching by indexed fields.

use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store_core::{
    Error, ErrorKind, Result,
    backend::{Changes, MapChange, MapId, Order, PageLimit, SearchPage},
    redo::RedoSearcher,
    search::{Condition, FieldValue, Query},
};

use crate::{
    gather::Paged,
    index::FIELDS,
    layout::{id, key},
    scan::Asked,
    task::ElasticTask,
};

/// The stamp of an entry, or of the mark of a deleted key.
#[derive(Deserialize)]
struct Stamp {
    stamp: i64,
}

#[async_trait]
impl RedoSearcher for ElasticTask {
    async fn search(
        &self,
        store: u32,
        query: &Query,
        after: Option<&Bytes>,
        limit: PageLimit,
    ) -> Result<SearchPage> {
        let entries = self.live(MapId::whole(store), &translated(&query.condition));
        let mut asked = Asked { query: entries, sort: sort(query), after: place(query, after)? };
        self.make_visible().await?;
        let Paged { entries, resume } = self.paged(&mut asked, limit, "search").await?;
        let resume = resume.map(|sort| Value::from(sort).to_string().into());
        Ok(SearchPage::new(entries, resume, 0))
    }

    async fn is_applied(&self, changes: &Changes, stamp: i64) -> Result<bool> {
        let mut ids = Vec::new();
        for (map, change) in changes {
            if let MapChange::Write(writes) = change {
                let map = self.map(*map);
                ids.extend(
                    writes
                        .iter()
                        .map(|(raw, put)| (id(&self.name, &map, raw, &key(raw)), put.is_none())),
                );
            }
        }
        let (ids, deletes): (Vec<_>, Vec<_>) = ids.into_iter().unzip();
        for (ids, deletes) in ids.chunks(IDS_AT_ONCE).zip(deletes.chunks(IDS_AT_ONCE)) {
            let (client, data) = (&self.client, &self.shared.names.data);
            let found = client.get::<Stamp>(data, &self.name, ids, "stamp", self.doing("read"));
            let stamps = found.await?.into_iter().map(|found| Some(found?.source.stamp));
            if !stamps.zip(deletes).all(|(stored, delete)| is_shown(stored, *delete, stamp)) {
                return Ok(false);
            }
        }
        // Written by its owner since the last refresh, perhaps.
        self.freshness.disturb();
        Ok(true)
    }
}

const IDS_AT_ONCE: usize = 1000;

/// Whether a write with a stamp is in the data, by the stamp of what is stored of its key.
fn is_shown(stored: Option<i64>, delete: bool, stamp: i64) -> bool {
    stored.map_or(delete, |stored| stored >= stamp)
}

fn path(field: &str) -> String {
    format!("{FIELDS}.{field}")
}

/// A condition in the server's query language.
fn translated(condition: &Condition) -> Value {
    let all = |conditions: &[Condition]| -> Vec<_> { conditions.iter().map(translated).collect() };
    match condition {
        Condition::Term { field, value } => json!({ "term": { path(field): { "value": value } } }),
        Condition::Range { field, from, to } => {
            let end = |end: &Bound<FieldValue>, included: &str, excluded: &str| match end {
                Bound::Included(value) => Some((included.to_owned(), json!(value))),
                Bound::Excluded(value) => Some((excluded.to_owned(), json!(value))),
                Bound::Unbounded => None,
            };
            let ends = [end(from, "gte", "gt"), end(to, "lte", "lt")];
            let ends: Map<_, _> = ends.into_iter().flatten().collect();
            if ends.is_empty() {
                return json!({ "exists": { "field": path(field) } });
            }
            json!({ "range": { path(field): ends } })
        }
        Condition::Prefix { field, prefix } if prefix.is_empty() => {
            json!({ "exists": { "field": path(field) } })
        }
        Condition::Prefix { field, prefix } => {
            json!({ "prefix": { path(field): { "value": prefix } } })
        }
        Condition::Exists { field } => json!({ "exists": { "field": path(field) } }),
        Condition::And(conditions) if conditions.is_empty() => json!({ "match_all": {} }),
        Condition::And(conditions) => json!({ "bool": { "filter": all(conditions) } }),
        Condition::Or(conditions) if conditions.is_empty() => json!({ "match_none": {} }),
        Condition::Or(conditions) => {
            json!({ "bool": { "should": all(conditions), "minimum_should_match": 1 } })
        }
        Condition::Not(condition) => json!({ "bool": { "must_not": [translated(condition)] } }),
        Condition::Raw(raw) => Value::from(raw.object().clone()),
    }
}

/// The order of a query, by key at last.
fn sort(query: &Query) -> Value {
    let fields = query.sort.iter().map(|sort| {
        let order = match sort.order {
            Order::Forward => "asc",
            Order::Backward => "desc",
        };
        json!({ path(&sort.field): { "order": order, "missing": "_last" } })
    });
    fields.chain([json!({ "key": "asc" })]).collect()
}

/// Where a page starts: the values that the entry before it is sorted by.
pub(crate) fn place(query: &Query, after: Option<&Bytes>) -> Result<Option<Vec<Value>>> {
    let Some(after) = after else { return Ok(None) };
    let place = serde_json::from_slice::<Vec<Value>>(after).ok();
    let place = place.filter(|place| {
        place.len() == query.sort.len() + 1 && place.last().is_some_and(Value::is_string)
    });
    place.map(Some).ok_or_else(|| {
        let message = "a search cannot go on at a place that no page of it named";
        Error::new(ErrorKind::InvalidArgument, message)
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;
    use store_core::{
        ErrorKind,
        search::{Condition, Query},
    };

    use super::{is_shown, place, sort, translated};

    #[test]
    fn only_a_delete_is_applied_where_nothing_is_stored() {
        for (stored, delete, expected) in [
            (None, true, true),
            (None, false, false),
            (Some(6), true, false),
            (Some(6), false, false),
            (Some(7), true, true),
            (Some(7), false, true),
            (Some(8), false, true),
        ] {
            assert_eq!(is_shown(stored, delete, 7), expected, "{stored:?}, {delete}");
        }
    }

    #[test]
    fn conditions_as_the_server_takes_them() {
        let term = || Condition::term("a.b", "x");
        let term_json = json!({"term": {"fields.a.b": {"value": "x"}}});
        let exists = json!({"exists": {"field": "fields.a"}});
        for (condition, expected) in [
            (term(), term_json.clone()),
            (Condition::range("a", 1..5), json!({"range": {"fields.a": {"gte": 1, "lt": 5}}})),
            (Condition::range("a", ..=2.5), json!({"range": {"fields.a": {"lte": 2.5}}})),
            (Condition::range::<i64>("a", ..), exists.clone()),
            (Condition::prefix("a", "x*"), json!({"prefix": {"fields.a": {"value": "x*"}}})),
            (Condition::prefix("a", ""), exists.clone()),
            (Condition::exists("a"), exists),
            (Condition::default(), json!({"match_all": {}})),
            (Condition::Or(Vec::new()), json!({"match_none": {}})),
            (!term(), json!({"bool": {"must_not": [term_json]}})),
            (term().and(term()), json!({"bool": {"filter": [term_json, term_json]}})),
            (
                term().or(term()),
                json!({"bool": {"should": [term_json.clone(), term_json], "minimum_should_match": 1}}),
            ),
            (Condition::raw(r#"{"wildcard":{}}"#).unwrap(), json!({"wildcard": {}})),
        ] {
            assert_eq!(translated(&condition), expected);
        }
    }

    #[test]
    fn pages_go_on_at_places_of_their_own_order_only() {
        let query = Query::all().descending("a");
        let order = json!([{"fields.a": {"order": "desc", "missing": "_last"}}, {"key": "asc"}]);
        assert_eq!(sort(&query), order);
        let place = |text: &'static str| place(&query, Some(&Bytes::from_static(text.as_bytes())));
        assert_eq!(place(r#"[5,"key"]"#).unwrap(), Some(vec![json!(5), json!("key")]));
        for foreign in ["", "no place", "[]", r#"["key"]"#, "[5,6]", r#"[5,"key","key"]"#, "{}"] {
            assert_eq!(place(foreign).unwrap_err().kind(), ErrorKind::InvalidArgument, "{foreign}");
        }
    }
}
