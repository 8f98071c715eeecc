//! Elasticsearch and OpenSearch.

use anyhow::{Result, ensure};
use integration_tests::servers::{Server, http};

pub(crate) fn survives(server: &Server) -> Result<()> {
    let address = server.address()?;
    let settings =
        r#"{"settings": {"number_of_replicas": 0, "index.translog.durability": "request"}}"#;
    let (status, said) = http(address, "PUT", "/probe", settings)?;
    ensure!(status == 200, "the index: {said}");
    let (status, said) = http(address, "PUT", "/probe/_doc/1", r#"{"field": "value"}"#)?;
    ensure!(status == 201, "the document: {said}");
    server.kill()?;
    ensure!(http(address, "GET", "/probe/_doc/1", "").is_err(), "nobody answers after the kill");
    server.start_again()?;
    let (status, said) = http(address, "GET", "/probe/_doc/1", "")?;
    ensure!(status == 200 && said.contains("\"value\""), "it has {status}: {said}");
    Ok(())
}
