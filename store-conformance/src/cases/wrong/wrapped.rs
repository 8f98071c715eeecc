//! The same cases through layers that only pass on (Y).

use std::sync::Arc;

use anyhow::{Context as _, Result};
use store_core::{
    backend::Backend,
    layers::{CutOff, Faults, Layered, Metrics, Retry, RetryConfig},
};

use crate::{
    Context,
    cases::{
        adapter::{fencing, pages, reading},
        offsets::{kinds, staged},
        recorded::{as_recorded, session::Sessions},
        wrong::scenario,
    },
};

type Wrap = fn(Arc<dyn Backend>) -> Arc<dyn Backend>;

const ALL: &str = "all of them";

const LAYERS: [(&str, Wrap); 5] = [
    ("a line without faults", |inner| Arc::new(Layered::new(inner, Faults::none()))),
    ("a line that is never cut", |inner| Arc::new(Layered::new(inner, CutOff::never()))),
    ("metrics", |inner| Arc::new(Layered::new(inner, Metrics::new()))),
    ("retry", |inner| Arc::new(Layered::new(inner, retry()))),
    (ALL, |inner| {
        let inner = Arc::new(Layered::new(inner, CutOff::never()));
        let inner = Arc::new(Layered::new(inner, Faults::none()));
        let inner = Arc::new(Layered::new(inner, Metrics::new()));
        Arc::new(Layered::new(inner, retry()))
    }),
];

/// A layer that repeats calls, with pauses that suit tests.
pub(crate) fn retry() -> Retry {
    Retry::new(RetryConfig::default(), tokio::time::sleep).expect("the defaults are legal")
}

pub(crate) async fn gives_the_same(context: Context) -> Result<()> {
    for (name, wrap) in LAYERS {
        let through = async || context.through(name, wrap).await;
        let all = async {
            reading::get_many_keeps_the_order(through().await?).await?;
            pages::pages_stop_at_their_bytes(through().await?).await?;
            pages::lengths_are_counted(through().await?).await?;
            fencing::the_last_claim_wins(through().await?).await?;
            staged::ranges_of_all_ends(through().await?).await?;
            kinds::readers_see_commits_only(through().await?).await?;
            scenario::has_one_transcript(through().await?).await?;
            // Some thousand calls each.
            if name == ALL {
                reading::scans_are_ordered_both_ways(through().await?).await?;
                as_recorded::<Sessions>(through().await?).await?;
            }
            anyhow::Ok(())
        };
        all.await.with_context(|| format!("through {name}"))?;
    }
    Ok(())
}
