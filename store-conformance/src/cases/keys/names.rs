//! Names of stores and applications, as what adapters make of them.

use anyhow::{Result, ensure};
use store_core::{
    backend::{MAX_NAME_BYTES, TaskId},
    prelude::*,
};

use crate::{
    Context,
    cases::key_value::tools::{View, numbers, puts, refused, same},
};

fn store(name: &str) -> KeyValue<u32, String, store_core::codec::Json, String> {
    KeyValue::new("").named(name.to_owned())
}

/// Whether applications and stores of these names are apart, and are called so when they are listed.
async fn are_apart(context: &Context, names: &[String]) -> Result<()> {
    let number = |name: &String| names.iter().position(|other| other == name).unwrap_or_default();
    let entries = |a: &String, s: &String| -> Result<_> {
        Ok(numbers([u32::try_from(number(a) * names.len() + number(s))?]))
    };
    for application in names {
        let task = context.database().await?.task(application, 0);
        let task = names.iter().fold(task, |task, name| task.store(&store(name))).open().await?;
        for name in names {
            let opened = task.store(&store(name))?;
            opened.put_all(puts(entries(application, name)?)).await?;
        }
        task.commit(()).await?;
    }
    let database = context.database().await?;
    for application in names {
        let listed = database.tasks(application).await?;
        let listed: Vec<_> = listed.into_iter().map(|summary| summary.task).collect();
        same(&listed, &vec![TaskId::new(application, 0)?])?;
        let checkpoint = database.read(application, 0).await?.checkpoint().await?;
        let recorded = checkpoint.stores.values().map(|state| state.spec.name.as_str());
        ensure!(recorded.eq(names.iter()), "other stores are listed");
        let task = database.task(application, 0);
        let task = names.iter().fold(task, |task, name| task.store(&store(name))).open().await?;
        for name in names {
            let view = View::new("owned anew", task.store(&store(name))?);
            view.holds(&entries(application, name)?).await?;
        }
    }
    Ok(())
}

pub(crate) async fn long_names(context: Context) -> Result<()> {
    let common = "n".repeat(MAX_NAME_BYTES - 1);
    are_apart(&context, &["a", "b"].map(|last| format!("{common}{last}"))).await?;
    let above = format!("{common}ab");
    let database = context.database().await?;
    refused(database.task(&above, 0).open().await, ErrorKind::InvalidKey)?;
    refused(database.task("app", 0).store(&store(&above)).open().await, ErrorKind::InvalidKey)?;
    Ok(())
}

pub(crate) async fn reserved_names(context: Context) -> Result<()> {
    let database = context.database().await?;
    for name in [".", ".checkpoint", "..", "", "a b", "a/b", "a:b", "a{b}", "a\0", "\u{e4}"] {
        refused(database.task(name, 0).open().await, ErrorKind::InvalidKey)?;
        refused(database.task("app", 0).store(&store(name)).open().await, ErrorKind::InvalidKey)?;
    }
    // What adapters might call something of their own is either free or refused; here it is free.
    let names = ["_meta", "-", "checkpoint", "epochs", "log", "meta", "owner", "tasks"];
    are_apart(&context, &names.map(str::to_owned)).await
}
