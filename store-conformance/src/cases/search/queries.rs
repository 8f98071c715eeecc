//! What queries find.

use std::ops::Bound;

use anyhow::{Result, ensure};
use store_core::{
    backend::PageLimit,
    prelude::*,
    search::{Condition, FieldValue, MAX_BOUND_BYTES, MAX_TEXT_BYTES, Query},
};

use super::{fill, finds, float, open, refused, text, whole, with_text};
use crate::{
    Context, Outcome,
    search::{AT, FLOAT, Sample, TEXT, WHOLE, YES},
    waist::{key, task},
};

fn at(at: i64) -> Sample {
    Sample { at: Some(at), ..Sample::default() }
}

fn yes(yes: bool) -> Sample {
    Sample { yes: Some(yes), ..Sample::default() }
}

/// Letters and marks are found as they are: no analysis, no wildcards, no folding of case.
pub(crate) async fn by_each_type(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    let samples = [
        ("t0", text("")),
        ("t1", text("New York")),
        ("t2", text("new york")),
        ("t3", text("New")),
        ("t4", text("N*")),
        ("t5", text("Nürnberg")),
        ("w0", whole(-5)),
        ("w1", whole(0)),
        ("w2", whole(7)),
        ("f0", float(-0.5)),
        ("f1", float(-0.0)),
        ("f2", float(7.0)),
        ("f3", float(7.25)),
        ("y0", yes(false)),
        ("y1", yes(true)),
        ("a0", at(-1)),
        ("a1", at(1_359_590_400_000)),
        ("a2", at(1_359_590_400_001)),
    ];
    fill(&task, &store, samples).await?;
    let excluded = |from: f64, to: f64| (Bound::Excluded(from), Bound::Excluded(to));
    let time = FieldValue::time;
    let queries = [
        (Condition::term(TEXT, ""), "t0"),
        (Condition::term(TEXT, "New"), "t3"),
        (Condition::term(TEXT, "new york"), "t2"),
        (Condition::term(TEXT, "york"), ""),
        (Condition::term(TEXT, "N*"), "t4"),
        (Condition::prefix(TEXT, "New"), "t1 t3"),
        (Condition::prefix(TEXT, "N*"), "t4"),
        (Condition::prefix(TEXT, "N\u{fc}"), "t5"),
        (Condition::prefix(TEXT, ""), "t0 t1 t2 t3 t4 t5"),
        (Condition::range(TEXT, "N".."New York"), "t3 t4"),
        (Condition::range(TEXT, "New York"..), "t1 t2 t5"),
        (Condition::term(WHOLE, 7), "w2"),
        (Condition::range(WHOLE, -5..0), "w0"),
        (Condition::range(WHOLE, -5..=0), "w0 w1"),
        (Condition::range(WHOLE, ..7), "w0 w1"),
        (Condition::range::<i64>(WHOLE, ..), "w0 w1 w2"),
        (Condition::range(WHOLE, (Bound::Excluded(-5), Bound::Unbounded::<i32>)), "w1 w2"),
        (Condition::range(WHOLE, (Bound::Included(7), Bound::Included(0))), ""),
        (Condition::term(FLOAT, 7.25), "f3"),
        (Condition::term(FLOAT, 7), "f2"),
        (Condition::term(FLOAT, 0.0), "f1"),
        (Condition::term(FLOAT, -0.0), "f1"),
        (Condition::range(FLOAT, 0..), "f1 f2 f3"),
        (Condition::range(FLOAT, excluded(-0.0, 7.25)), "f2"),
        (Condition::range(FLOAT, 7..=7), "f2"),
        (Condition::term(YES, true), "y1"),
        (Condition::term(YES, false), "y0"),
        (Condition::exists(YES), "y0 y1"),
        (Condition::term(AT, time(1_359_590_400_000)), "a1"),
        (Condition::range(AT, ..time(1_359_590_400_001)), "a0 a1"),
        (Condition::range(AT, 0..), "a1 a2"),
    ];
    finds(&context, &store, queries.map(|(condition, keys)| (condition.into(), keys))).await?;
    Ok(Outcome::Passed)
}

/// And, or, not, and the fields that some entries do not have.
pub(crate) async fn combined(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    let both = |name: &str, number: i64| Sample { text: Some(name.to_owned()), ..whole(number) };
    let samples = [
        ("a", both("x", 1)),
        ("b", both("x", 2)),
        ("c", both("y", 1)),
        ("d", text("x")),
        ("e", whole(1)),
        ("f", Sample::default()),
    ];
    fill(&task, &store, samples).await?;
    let x = || Condition::term(TEXT, "x");
    let one = || Condition::term(WHOLE, 1);
    let nothing = || Condition::Or(Vec::new());
    let queries = [
        (Condition::default(), "a b c d e f"),
        (nothing(), ""),
        (!nothing(), "a b c d e f"),
        (x().and(one()), "a"),
        (x().or(one()), "a b c d e"),
        (!x(), "c e f"),
        (!one(), "b d f"),
        ((!x()).and(one()), "c e"),
        (!(x().and(one())), "b c d e f"),
        (!(x().or(one())), "f"),
        (!!x(), "a b d"),
        (with_text().and(!Condition::exists(WHOLE)), "d"),
        (!Condition::range(WHOLE, 2..), "a c d e f"),
        (x().and(nothing()), ""),
        (x().or(nothing()), "a b d"),
        (Condition::And(vec![with_text(), !x(), one()]), "c"),
        (Condition::Or(vec![x().and(!one()), !with_text()]), "b d e f"),
    ];
    finds(&context, &store, queries.map(|(condition, keys)| (condition.into(), keys))).await?;
    Ok(Outcome::Passed)
}

/// The largest and smallest of each type, and neighbours that a rounding would make one.
pub(crate) async fn ends_of_types(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    let long = "l".repeat(MAX_TEXT_BYTES);
    let almost = format!("{}k", &long[1..]);
    let start = &long[..MAX_BOUND_BYTES];
    let samples = [
        ("t0", text(&almost)),
        ("t1", text(&long)),
        ("t2", text("\u{10ffff}")),
        ("w0", whole(i64::MIN)),
        ("w1", whole((1 << 53) + 1)),
        ("w2", whole((1 << 53) + 2)),
        ("w3", whole(i64::MAX - 1)),
        ("w4", whole(i64::MAX)),
        ("f0", float(f64::MIN)),
        ("f1", float(f64::MIN_POSITIVE)),
        ("f2", float(f64::MAX)),
        ("a0", at(i64::MIN)),
        ("a1", at(i64::MAX - 1)),
        ("a2", at(i64::MAX)),
    ];
    fill(&task, &store, samples).await?;
    let time = FieldValue::time;
    let queries = [
        (Query::new(Condition::term(TEXT, long.as_str())), "t1"),
        (Query::new(Condition::prefix(TEXT, start)), "t0 t1"),
        (Query::new(Condition::range(TEXT, start..)), "t0 t1 t2"),
        (Query::new(Condition::range(TEXT, ..start)), ""),
        (Query::new(with_text()).descending(TEXT), "t2 t1 t0"),
        (Query::new(Condition::term(WHOLE, (1_i64 << 53) + 1)), "w1"),
        (Query::new(Condition::term(WHOLE, i64::MAX)), "w4"),
        (Query::new(Condition::range(WHOLE, ..i64::MAX)), "w0 w1 w2 w3"),
        (Query::new(Condition::range(WHOLE, i64::MIN..=i64::MIN)), "w0"),
        (Query::new(Condition::exists(WHOLE)).descending(WHOLE), "w4 w3 w2 w1 w0"),
        (Query::new(Condition::term(FLOAT, f64::MIN_POSITIVE)), "f1"),
        (Query::new(Condition::range(FLOAT, f64::MAX..)), "f2"),
        (Query::new(Condition::exists(FLOAT)).ascending(FLOAT), "f0 f1 f2"),
        (Query::new(Condition::term(AT, time(i64::MAX))), "a2"),
        (Query::new(Condition::range(AT, ..time(i64::MAX - 1))), "a0"),
        (Query::new(Condition::exists(AT)).descending(AT), "a2 a1 a0"),
    ];
    finds(&context, &store, queries).await?;
    let above = text(&format!("{long}l"));
    let told = store.put(&key("t3"), &above).await.err().map(|error| error.kind());
    ensure!(told == Some(ErrorKind::TooLarge), "a text above the limit gave {told:?}");
    Ok(Outcome::Passed)
}

/// Above the waist and at it.
pub(crate) async fn what_does_not_suit_is_refused(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (owner, store) = open(&context).await?;
    fill(&owner, &store, [("a", text("x"))]).await?;
    for query in [
        Query::new(Condition::exists("note")),
        Query::new(Condition::term(WHOLE, "x")),
        Query::all().ascending(YES),
        Query::new(Condition::prefix(TEXT, "t".repeat(MAX_BOUND_BYTES + 1))),
    ] {
        let told = store.search(&query).await.err().map(|error| error.kind());
        ensure!(told == Some(ErrorKind::InvalidArgument), "{query:?} gave {told:?}");
    }
    // Nobody's language has such a thing.
    let nonsense = Query::new(Condition::raw(r#"{"no such condition": {}}"#)?);
    let reader = context.backend().await?.read(&task(0)).await?;
    let Some(searcher) = reader.searcher() else { anyhow::bail!("the search is gone") };
    let told = searcher.search(1, &nonsense, None, PageLimit::default()).await;
    let told = told.err().map(|error| error.kind());
    let refused = [Some(ErrorKind::InvalidArgument), Some(ErrorKind::Unsupported)];
    ensure!(refused.contains(&told), "a raw condition that is none gave {told:?}");
    let foreign = bytes::Bytes::from_static(b"no place");
    let told = searcher.search(1, &Query::all(), Some(&foreign), PageLimit::default()).await;
    let told = told.err().map(|error| error.kind());
    ensure!(told == Some(ErrorKind::InvalidArgument), "a place that no page named gave {told:?}");
    Ok(Outcome::Passed)
}
