//! The order of what is found, and its pages.

use anyhow::{Result, ensure};
use store_core::{
    Order,
    backend::PageLimit,
    search::{Condition, Query},
};

use super::{fill, finds, found, open, open_with, reader, refused, whole};
use crate::{
    Context, Outcome,
    search::{FLOAT, Numbers, Sample, TEXT, WHOLE},
    waist::task,
};

fn row(text: Option<&str>, whole: Option<i64>) -> Sample {
    let inner = Numbers { whole, float: None };
    Sample { text: text.map(str::to_owned), inner, ..Sample::default() }
}

/// Whoever does not have the field comes last, in both directions.
pub(crate) async fn by_fields_then_by_key(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let (task, store) = open(&context).await?;
    let samples = [
        ("a", row(Some("y"), Some(2))),
        ("b", row(Some("x"), Some(1))),
        ("c", row(None, Some(2))),
        ("d", row(Some("x"), None)),
        ("e", row(None, None)),
        ("f", row(Some("x"), Some(2))),
    ];
    fill(&task, &store, samples).await?;
    let queries = [
        (Query::all(), "a b c d e f"),
        (Query::all().ascending(WHOLE), "b a c f d e"),
        (Query::all().descending(WHOLE), "a c f b d e"),
        (Query::all().ascending(TEXT), "b d f a c e"),
        (Query::all().descending(TEXT), "a b d f c e"),
        (Query::all().descending(WHOLE).ascending(TEXT), "f a c b d e"),
        (Query::all().descending(WHOLE).descending(TEXT), "a f c b d e"),
        (Query::all().ascending(TEXT).descending(WHOLE), "f b d a c e"),
        (Query::all().ascending(FLOAT), "a b c d e f"),
        (Query::all().ascending(FLOAT).descending(WHOLE), "a c f b d e"),
        (Query::new(Condition::exists(TEXT)).descending(WHOLE).limit(3), "a f b"),
        (Query::all().descending(WHOLE).limit(0), ""),
    ];
    finds(&context, &store, queries).await?;
    Ok(Outcome::Passed)
}

/// Through the store in small pages, and at the waist in pages of every size, by entries and by bytes.
pub(crate) async fn pages_are_the_whole_in_parts(context: Context) -> Result<Outcome> {
    if let Some(refused) = refused(&context).await? {
        return Ok(refused);
    }
    let mut config = context.config();
    config.page_entries = 7;
    let (owner, store) = open_with(&context, config).await?;
    let names: Vec<_> = (0..60_u32).map(|n| format!("{n:02}")).collect();
    let sample = |n: i64| match n % 5 {
        4 => row(None, None),
        // Many of each, so that pages end between equals.
        rest => row(Some(if rest == 0 { "x" } else { "y" }), Some(n / 20)),
    };
    fill(&owner, &store, names.iter().zip(0..).map(|(name, n)| (&**name, sample(n)))).await?;
    let reader = reader(&context).await?;
    let at_waist = context.backend().await?.read(&task(0)).await?;
    let Some(searcher) = at_waist.searcher() else { anyhow::bail!("the search is gone") };
    for query in [
        Query::all(),
        Query::all().descending(WHOLE),
        Query::all().ascending(TEXT).descending(WHOLE),
        Query::new(Condition::term(TEXT, "y")).sorted(WHOLE, Order::Forward),
        Query::new(Condition::range(WHOLE, 1..)),
    ] {
        let whole = found(&*reader, query.clone()).await?;
        ensure!(found(&*store, query.clone()).await? == whole, "small pages find something else");
        for limit in [1, 2, 5, 60]
            .map(|n| PageLimit::new(n, usize::MAX))
            .into_iter()
            .chain([PageLimit::new(usize::MAX, 1), PageLimit::new(1000, 400)])
        {
            let (mut after, mut parts, mut pages) = (None, Vec::new(), 0);
            loop {
                let page = searcher.search(1, &query, after.as_ref(), limit).await?;
                let bytes = page.entries.iter().map(|(key, value)| key.len() + value.len());
                let bytes = bytes.collect::<Vec<_>>();
                let before_last = bytes.iter().rev().skip(1).sum::<usize>();
                ensure!(page.entries.len() <= limit.entries, "a page is too long");
                ensure!(bytes.len() < 2 || before_last < limit.bytes, "a page goes on");
                parts.extend(
                    page.entries.iter().map(|(key, _)| String::from_utf8_lossy(key).into_owned()),
                );
                after = page.resume;
                pages += 1;
                ensure!(pages <= 200, "the pages do not end");
                if after.is_none() {
                    break;
                }
            }
            ensure!(parts.join(" ") == whole, "{limit:?} gives {parts:?} in parts, not {whole}");
        }
    }
    let limited = found(&*store, Query::all().limit(20)).await?;
    ensure!(limited.split(' ').count() == 20, "a limit of 20 gives {limited}");
    fill(&owner, &store, [("zz", whole(9))]).await?;
    let first = found(&*store, Query::all().descending(WHOLE).limit(1)).await?;
    ensure!(first == "zz", "the first is {first}");
    Ok(Outcome::Passed)
}
