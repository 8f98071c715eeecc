//! From a URL to a database.

use store::{Config, Database, Error, ErrorKind, Result, Scheme, StoreUrl};

use crate::Failure;

/// Checks a URL without connecting: what is wrong with it is wrong usage.
pub(crate) fn check(url: &str) -> Result<(), Failure> {
    // Not as a parser of the argument, whose message would show the URL with what secrets it holds.
    match Config::from_url(url) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Usage(crate::failure::chain(&error))),
    }
}

/// Connects to where state is to be, making the place where it is not there.
pub(crate) async fn target(url: &str) -> Result<Database, Failure> {
    check(url)?;
    let connected = store::connect(url).await;
    Ok(connected.map_err(|error| error.context("cannot open the target"))?)
}

/// Connects to a state that is there already: looking at one must not make one.
pub(crate) async fn existing(url: &str) -> Result<Database, Failure> {
    check(url)?;
    let parsed: StoreUrl = url.parse()?;
    if let Scheme::Embedded(path) = parsed.scheme
        && !path.exists()
    {
        let message = format!("there is no directory {}", path.display());
        return Err(Error::new(ErrorKind::NotFound, message).into());
    }
    Ok(store::connect(url).await?)
}
