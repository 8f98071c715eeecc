//! Searches that find too much, too little, or in another order.

use std::{
    ops::Bound,
    sync::{Mutex, PoisonError},
};

use store_conformance::async_trait;
use store_core::{
    Result,
    backend::{MapChange, SearchPage, TaskId},
    search::{Condition, FieldValue, Query},
};

use super::Broken;
use crate::{
    altered::{Changed, Found, Says, Sought, mirrored},
    fault::{Fault, Search, Sound},
};

pub(super) fn faults() -> Vec<Broken> {
    vec![
        Broken::new("hides-search", "says that it cannot search, and can", || {
            Says(|says| says.search = false)
        }),
        Broken::new("search-finds-all", "finds every entry", || {
            Sought(|search| search.query.condition = Condition::default())
        }),
        Broken::new("search-finds-nothing", "finds nothing", || {
            Found(|page| *page = SearchPage::new(Vec::new(), None, page.sequence))
        }),
        Broken::new("search-unsorted", "finds entries in the order of keys only", || {
            Sought(|search| search.query.sort.clear())
        }),
        Broken::new("search-mirrored", "sorts ascending for descending", || {
            Sought(|search| {
                search.query.sort.iter_mut().for_each(|sort| sort.order = mirrored(sort.order));
            })
        }),
        Broken::new("search-sorts-by-one", "sorts by the first field only", || {
            Sought(|search| search.query.sort.truncate(1))
        }),
        Broken::new("search-one-page", "says of its first page that it is the last", || {
            Found(|page| page.resume = None)
        }),
        Broken::new(
            "search-loses-last",
            "loses the last entry of a page that is not the last",
            || {
                Found(|page| {
                    if page.resume.is_some() {
                        page.entries.pop();
                    }
                })
            },
        ),
        Broken::new("search-ahead", "says that it sees more than it does", || {
            Found(|page| page.sequence += 1)
        }),
        Broken::new("search-behind", "says that it sees less than was acknowledged", || {
            Found(|page| page.sequence = page.sequence.saturating_sub(1))
        }),
        Broken::new("search-one-store", "searches the first store whichever is asked", || {
            Sought(|search| search.store = 1)
        }),
        Broken::new("search-ends-included", "takes the ends of ranges for included", || {
            Sought(|search| altered(&mut search.query, &included))
        }),
        Broken::new("search-prefix-whole", "takes a prefix for a whole text", || {
            Sought(|search| altered(&mut search.query, &whole_prefix))
        }),
        Broken::new("search-not-has-field", "misses what lacks the field of a negation", || {
            Sought(|search| altered(&mut search.query, &not_of_what_is_there))
        }),
        Broken::new("search-or-of-nothing", "takes one of nothing for fulfilled", || {
            Sought(|search| altered(&mut search.query, &or_of_nothing))
        }),
        Broken::new("search-rounds", "rounds whole numbers as floats", || {
            Sought(|search| altered(&mut search.query, &rounded))
        }),
        Broken::new(
            "search-takes-anything",
            "takes what is no query for one of everything",
            || Sought(|search| altered(&mut search.query, &raw_is_all)),
        ),
        Broken::new("search-any-place", "begins anew at a place that no page named", || Anywhere),
        Broken::new("fields-lost", "does not keep the indexed fields of values", || {
            Changed(|changes| {
                for change in changes.values_mut() {
                    let MapChange::Write(writes) = change else { continue };
                    writes.values_mut().flatten().for_each(|put| put.fields = None);
                }
            })
        }),
        Broken::new("search-remembers", "answers a search as it did before", Remembers::default),
    ]
}

/// Alters each condition of a query, the inner ones first.
fn altered(query: &mut Query, alter: &dyn Fn(&mut Condition)) {
    fn each(condition: &mut Condition, alter: &dyn Fn(&mut Condition)) {
        match condition {
            Condition::And(inner) | Condition::Or(inner) => {
                inner.iter_mut().for_each(|inner| each(inner, alter));
            }
            Condition::Not(inner) => each(inner, alter),
            _ => {}
        }
        alter(condition);
    }
    each(&mut query.condition, alter);
}

fn included(condition: &mut Condition) {
    if let Condition::Range { from, to, .. } = condition {
        for end in [from, to] {
            if let Bound::Excluded(value) = end {
                *end = Bound::Included(value.clone());
            }
        }
    }
}

fn whole_prefix(condition: &mut Condition) {
    if let Condition::Prefix { field, prefix } = condition {
        *condition = Condition::term(&*field.clone(), &*prefix.clone());
    }
}

fn not_of_what_is_there(condition: &mut Condition) {
    let Condition::Not(inner) = condition else { return };
    let (Condition::Term { field, .. }
    | Condition::Range { field, .. }
    | Condition::Prefix { field, .. }) = &**inner
    else {
        return;
    };
    *condition = Condition::exists(field).and(condition.clone());
}

fn or_of_nothing(condition: &mut Condition) {
    if *condition == Condition::Or(Vec::new()) {
        *condition = Condition::default();
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "that is the fault"
)]
fn rounded(condition: &mut Condition) {
    let round = |value: &mut FieldValue| {
        if let FieldValue::Integer(number) = value {
            *number = *number as f64 as i64;
        }
    };
    match condition {
        Condition::Term { value, .. } => round(value),
        Condition::Range { from, to, .. } => {
            for end in [from, to] {
                if let Bound::Included(value) | Bound::Excluded(value) = end {
                    round(value);
                }
            }
        }
        _ => {}
    }
}

fn raw_is_all(condition: &mut Condition) {
    if matches!(condition, Condition::Raw(_)) {
        *condition = Condition::default();
    }
}

#[derive(Debug)]
struct Anywhere;

#[async_trait]
impl Fault for Anywhere {
    async fn search(&self, sound: &Sound, mut search: Search) -> Result<SearchPage> {
        match sound.search(&search).await {
            Err(_) if search.after.is_some() => {
                search.after = None;
                sound.search(&search).await
            }
            found => found,
        }
    }
}

/// Keeps the first answer to each search of a handle, as an index that is not refreshed.
#[derive(Debug, Default)]
struct Remembers(Mutex<Vec<(usize, TaskId, Search, SearchPage)>>);

#[async_trait]
impl Fault for Remembers {
    async fn search(&self, sound: &Sound, search: Search) -> Result<SearchPage> {
        let page = sound.search(&search).await?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.iter().find(|(handle, task, asked, _)| {
            (*handle, task, asked) == (sound.handle, &sound.task, &search)
        });
        if let Some((.., first)) = same {
            return Ok(SearchPage::new(first.entries.clone(), first.resume.clone(), page.sequence));
        }
        known.push((sound.handle, sound.task.clone(), search, page.clone()));
        Ok(page)
    }
}
