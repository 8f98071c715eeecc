//! Random values and queries, and what a query must find: for the cases of searches and for tests of adapters.

use std::ops::Bound;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::TryStreamExt;
use proptest::{
    collection::vec,
    option,
    prelude::{Just, Strategy, any},
    prop_oneof,
    sample::select,
    strategy::BoxedStrategy,
};
use serde::{Deserialize, Serialize};
use store_core::{
    KeyValue, Order,
    search::{Condition, FieldType, FieldValue, Fields, IndexedField, Query},
    stores::key_value::{ReadOnlyKeyValueStore, ReadOnlyKeyValueStoreExt},
};

/// A value with a field of each type, and something that is not indexed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "tests make them")]
pub struct Sample {
    /// A text.
    pub text: Option<String>,
    /// Numbers.
    pub inner: Numbers,
    /// Yes or no.
    pub yes: Option<bool>,
    /// A time.
    pub at: Option<i64>,
    /// What is not indexed.
    pub note: u32,
}

/// The numbers of a [`Sample`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "tests make them")]
pub struct Numbers {
    /// A whole one.
    pub whole: Option<i64>,
    /// Any finite one.
    pub float: Option<f64>,
}

/// A store of samples, all fields of which are indexed.
pub static SAMPLES: KeyValue<Bytes, Sample> = KeyValue::new("samples")
    .indexed(TEXT, FieldType::Text)
    .indexed(WHOLE, FieldType::Integer)
    .indexed(FLOAT, FieldType::Float)
    .indexed(YES, FieldType::Boolean)
    .indexed(AT, FieldType::Time);

/// The path of a text.
pub const TEXT: &str = "text";
/// The path of a whole number, inside another value.
pub const WHOLE: &str = "inner.whole";
/// The path of a number.
pub const FLOAT: &str = "inner.float";
/// The path of yes or no.
pub const YES: &str = "yes";
/// The path of a time.
pub const AT: &str = "at";

/// Texts that are prefixes of each other, or differ in case or length of their letters only.
const TEXTS: [&str; 10] = ["", "a", "A", "aa", "ab", "a b", "ä", "\u{ffff}", "\u{10ffff}", "*"];
const WHOLE_NUMBERS: [i64; 7] = [-2, -1, 0, 1, 2, (1 << 53) + 1, (1 << 53) + 2];
const FLOATS: [f64; 9] = [-1.5, -0.0, 0.0, 0.1, 1.0, 2.0, 1e300, 5e-324, 9_007_199_254_740_992.0];

/// Puts and deletes of a few keys.
pub fn writes() -> BoxedStrategy<Vec<(Bytes, Option<Sample>)>> {
    let key = (0..24_u8).prop_map(|n| Bytes::from(vec![n / 8, 0xff - n]));
    vec((key, option::weighted(0.8, sample())), 0..24).boxed()
}

fn sample() -> impl Strategy<Value = Sample> {
    let numbers = (
        option::weighted(0.7, select(&WHOLE_NUMBERS[..])),
        option::weighted(0.7, select(&FLOATS[..])),
    );
    (
        option::weighted(0.7, select(&TEXTS[..])),
        numbers,
        option::weighted(0.7, any::<bool>()),
        option::weighted(0.7, time()),
        any::<u32>(),
    )
        .prop_map(|(text, (whole, float), yes, at, note)| Sample {
            text: text.map(str::to_owned),
            inner: Numbers { whole, float },
            yes,
            at,
            note,
        })
}

fn time() -> BoxedStrategy<i64> {
    prop_oneof![select(&[-1_i64, 0, 1][..]), 1_359_590_400_000..1_359_590_400_005_i64].boxed()
}

/// Conditions of all sorts, orders by up to three fields, some with a limit.
pub fn queries() -> BoxedStrategy<Query> {
    let order = prop_oneof![Just(Order::Forward), Just(Order::Backward)];
    let sort = vec((select(&[TEXT, WHOLE, FLOAT, AT][..]), order), 0..=3);
    let limit = option::weighted(0.3, 0..30_usize);
    (conditions(), sort, limit)
        .prop_map(|(condition, sort, limit)| {
            let sorted = |query: Query, (field, order)| query.sorted(field, order);
            let query = sort.into_iter().fold(Query::new(condition), sorted);
            match limit {
                Some(limit) => query.limit(limit),
                None => query,
            }
        })
        .boxed()
}

fn conditions() -> BoxedStrategy<Condition> {
    let text = || select(&TEXTS[..]).prop_map(FieldValue::from).boxed();
    let whole = || select(&WHOLE_NUMBERS[..]).prop_map(FieldValue::from).boxed();
    // Whole numbers may stand for others.
    let float = || prop_oneof![select(&FLOATS[..]).prop_map(FieldValue::from), whole()].boxed();
    let at = || prop_oneof![time().prop_map(FieldValue::time), time().prop_map(FieldValue::from)];
    let leaf = prop_oneof![
        by_value(TEXT, text()),
        by_value(WHOLE, whole()),
        by_value(FLOAT, float()),
        by_value(AT, at().boxed()),
        any::<bool>().prop_map(|yes| Condition::term(YES, yes)),
        select(&TEXTS[..]).prop_map(|prefix| Condition::prefix(TEXT, prefix)),
        select(&[TEXT, WHOLE, FLOAT, YES, AT][..]).prop_map(Condition::exists),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..=3).prop_map(Condition::And),
            vec(inner.clone(), 0..=3).prop_map(Condition::Or),
            inner.prop_map(|inner| !inner),
        ]
    })
    .boxed()
}

/// Terms and ranges.
fn by_value(field: &'static str, value: BoxedStrategy<FieldValue>) -> BoxedStrategy<Condition> {
    let end = prop_oneof![
        1 => Just(Bound::Unbounded),
        2 => value.clone().prop_map(Bound::Included),
        2 => value.clone().prop_map(Bound::Excluded),
    ];
    let range = (end.clone(), end).prop_map(move |(from, to)| {
        let field = field.to_owned();
        Condition::Range { field, from, to }
    });
    let term = value.prop_map(move |value| Condition::term(field, value));
    prop_oneof![term, range].boxed()
}

/// What a query must find among these entries, in its order.
pub fn expected<V: Serialize>(
    entries: Vec<(Bytes, V)>,
    indexed: &[IndexedField],
    query: &Query,
) -> Result<Vec<(Bytes, V)>> {
    let mut found = Vec::new();
    for (key, value) in entries {
        let fields = Fields::project(&serde_json::to_value(&value)?, indexed)?;
        if query.condition.matches(&fields)? {
            found.push((fields, key, value));
        }
    }
    found.sort_by(|left, right| query.compare((&left.0, &left.1), (&right.0, &right.1)));
    let found = found.into_iter().map(|(_, key, value)| (key, value));
    Ok(found.take(query.limit.unwrap_or(usize::MAX)).collect())
}

/// Fails where a query finds something else than a filter over a full scan; nothing may be written meanwhile. Gives how many
/// entries it finds.
pub async fn agrees(
    store: &(impl ReadOnlyKeyValueStore<Bytes, Sample> + ?Sized),
    query: &Query,
) -> Result<usize> {
    let all = store.all().try_collect().await?;
    let expected = expected(all, &store.spec().fields, query)?;
    let found: Vec<_> = store.search(query).await?.try_collect().await?;
    let keys = |entries: &[(Bytes, Sample)]| -> Vec<_> {
        entries.iter().map(|(key, _)| key.clone()).collect()
    };
    let (found_keys, expected_keys) = (keys(&found), keys(&expected));
    ensure!(
        found_keys == expected_keys,
        "found {found_keys:?}, expected {expected_keys:?}, by {}",
        shown(query)
    );
    ensure!(found == expected, "found other values, by {}", shown(query));
    Ok(found.len())
}

/// A query with its values, which are those of a test.
fn shown(query: &Query) -> String {
    let sort: Vec<_> = query.sort.iter().map(|by| format!("{} {:?}", by.field, by.order)).collect();
    format!("{}, sorted by {sort:?}, limit {:?}", of(&query.condition), query.limit)
}

fn of(condition: &Condition) -> String {
    let value = |value: &FieldValue| serde_json::to_string(value).unwrap_or_default();
    let end = |end: &Bound<FieldValue>| format!("{:?}", end.as_ref().map(value));
    let all = |inner: &[Condition]| inner.iter().map(of).collect::<Vec<_>>().join(", ");
    match condition {
        Condition::Term { field, value: term } => format!("{field} = {}", value(term)),
        Condition::Range { field, from, to } => format!("{field} in {}..{}", end(from), end(to)),
        Condition::Prefix { field, prefix } => format!("{field} = {prefix:?}*"),
        Condition::Exists { field } => format!("{field} is there"),
        Condition::And(inner) => format!("and({})", all(inner)),
        Condition::Or(inner) => format!("or({})", all(inner)),
        Condition::Not(inner) => format!("not({})", of(inner)),
        Condition::Raw(_) => "a raw condition".to_owned(),
    }
}
