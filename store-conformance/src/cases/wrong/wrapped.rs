//! The same cases through layers that only pass on (Y).

use std::sync::Arc;

use anyhow::{Context as _, Result};
use store_core::backend::Backend;

use crate::{
    Context,
    cases::{
        adapter::{fencing, pages, reading},
        offsets::{kinds, staged},
        recorded::{as_recorded, session::Sessions},
        wrong::scenario,
    },
    faults::{CutOff, Faulty},
};

type Wrap = fn(Arc<dyn Backend>) -> Arc<dyn Backend>;

pub(crate) async fn gives_the_same(context: Context) -> Result<()> {
    let layers: [(&str, Wrap); 3] = [
        ("a line without faults", |inner| Arc::new(Faulty::new(inner))),
        ("a line that is never cut", |inner| Arc::new(CutOff::new(inner, u64::MAX))),
        ("both", |inner| Arc::new(Faulty::new(Arc::new(CutOff::new(inner, u64::MAX))))),
    ];
    for (name, wrap) in layers {
        let through = async || context.through(name, wrap).await;
        let all = async {
            reading::scans_are_ordered_both_ways(through().await?).await?;
            reading::get_many_keeps_the_order(through().await?).await?;
            pages::pages_stop_at_their_bytes(through().await?).await?;
            pages::lengths_are_counted(through().await?).await?;
            fencing::the_last_claim_wins(through().await?).await?;
            staged::ranges_of_all_ends(through().await?).await?;
            kinds::readers_see_commits_only(through().await?).await?;
            scenario::has_one_transcript(through().await?).await?;
            as_recorded::<Sessions>(through().await?).await?;
            anyhow::Ok(())
        };
        all.await.with_context(|| format!("through {name}"))?;
    }
    Ok(())
}
