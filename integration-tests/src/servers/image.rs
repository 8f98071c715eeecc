//! Which image a server is started from.

use std::env;

use anyhow::{Context, Result};
use testcontainers::bollard::{Docker, errors::Error};

/// The image that `TEST_…_IMAGE` names, else the local one where the engine has it, else the public one.
pub(crate) async fn find(engine: &Docker, name: &str) -> Result<String> {
    if let Ok(image) = env::var(variable(name, "IMAGE")) {
        return Ok(image);
    }
    let (local, public) = names(name)?;
    match engine.inspect_image(&local).await {
        Ok(_) => Ok(local),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(public),
        Err(error) => Err(error).context("the engine of containers cannot be asked for its images"),
    }
}

/// The environment variable for a server.
pub(crate) fn variable(name: &str, what: &str) -> String {
    format!("TEST_{}_{what}", name.to_uppercase().replace('-', "_"))
}

/// The local and the public name of a server's image.
fn names(name: &str) -> Result<(String, String)> {
    let lines = include_str!("../../../compose/images").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        if let [this, version, public] = *line.split_whitespace().collect::<Vec<_>>()
            && this == name
        {
            let (_, last) = public.rsplit_once('/').unwrap_or(("", public));
            return Ok((format!("local/{last}:{version}"), format!("{public}:{version}")));
        }
    }
    anyhow::bail!("compose/images has no line for {name}")
}

#[cfg(test)]
mod tests {
    use super::names;
    use crate::servers::ServerKind;

    #[test]
    fn every_server_has_an_image_that_compose_runs_too() {
        let compose = include_str!("../../../compose/compose.yaml");
        for kind in ServerKind::ALL {
            let (local, public) = names(kind.name()).expect("it is in the list");
            assert!(local.starts_with("local/"), "{local}");
            let variable = kind.name().to_uppercase().replace('-', "_");
            let image = format!("image: ${{{variable}_IMAGE:-{public}}}");
            assert!(compose.contains(&image), "compose.yaml has no {image}");
        }
    }
}
