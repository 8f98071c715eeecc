//! Elasticsearch and OpenSearch: one node without security.

use std::{io::Read, net::SocketAddr};

use anyhow::{Context, Result, ensure};

use super::{
    ServerKind, request,
    settings::{MEMORY, Network, Settings, Spec},
};

/// Where a server of this name reads its configuration.
pub(crate) fn configuration(name: &str) -> String {
    format!("/usr/share/{name}/config/{name}.yml")
}

pub(crate) fn spec(kind: ServerKind, settings: Settings) -> Spec {
    let (name, content) = match kind {
        ServerKind::OpenSearch => {
            ("opensearch", include_str!("../../../compose/opensearch/opensearch.yml"))
        }
        _ => ("elasticsearch", include_str!("../../../compose/elasticsearch/elasticsearch.yml")),
    };
    let mut content = content.to_owned();
    if settings.in_memory {
        content += &format!("path.data: {MEMORY}\n");
    }
    let mut files = vec![(configuration(name), content.into())];
    files.extend(settings.files);
    let heap = ("-Xms1g -Xmx1g -XX:TieredStopAtLevel=1").to_owned();
    let java = if kind == ServerKind::OpenSearch { "OPENSEARCH_JAVA_OPTS" } else { "ES_JAVA_OPTS" };
    let mut env = vec![(java.to_owned(), heap)];
    if kind == ServerKind::OpenSearch {
        // Read by the entry point of the public image only; the local one has no such plugin.
        env.push(("DISABLE_SECURITY_PLUGIN".to_owned(), "true".to_owned()));
        env.push(("DISABLE_INSTALL_DEMO_CONFIG".to_owned(), "true".to_owned()));
    }
    env.extend(settings.env);
    let mut ports = vec![kind.port()];
    ports.extend(settings.ports);
    let (network, in_memory) = (Network::Published(ports), settings.in_memory);
    Spec { command: settings.args, env, files, network, in_memory }
}

/// Whether every primary shard is there, or it asks for a password.
pub(crate) fn answers(address: SocketAddr) -> Result<()> {
    let path = "/_cluster/health?wait_for_status=yellow&timeout=1s";
    let (status, body) = http(address, "GET", path, "")?;
    ensure!(matches!(status, 200 | 401), "it says {status}: {body}");
    Ok(())
}

/// The version of the server at a URL, as `elasticsearch-8.19.20` or `opensearch-3.8.0`.
pub fn version(url: &str) -> Result<String> {
    let (_, node) = url.split_once("://").context("a URL")?;
    let address = node.parse().context("an address and a port")?;
    // What every node tells of itself; the path that people use is not there in every distribution.
    let (status, said) = http(address, "GET", "/_nodes/_local?filter_path=nodes.*.version", "")?;
    ensure!(status == 200, "it says {status}: {said}");
    let told: serde_json::Value = serde_json::from_str(&said)?;
    let mut nodes = told["nodes"].as_object().into_iter().flat_map(|nodes| nodes.values());
    let version = nodes.next().and_then(|node| node["version"].as_str()).context("a version")?;
    let name = if url.starts_with("opensearch") { "opensearch" } else { "elasticsearch" };
    Ok(format!("{name}-{version}"))
}

/// Sends a request with a body of JSON; gives the status and the body of the answer.
pub fn http(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<(u16, String)> {
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut answer = String::new();
    request(address, (head + body).as_bytes())?.read_to_string(&mut answer)?;
    let (head, body) =
        answer.split_once("\r\n\r\n").context("the answer has no end of its head")?;
    let status = head.split(' ').nth(1).context("the answer has no status")?.parse()?;
    let in_pieces = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    Ok((status, if in_pieces { joined(body)? } else { body.to_owned() }))
}

/// What a body says that comes in pieces, each with its length in front.
fn joined(mut body: &str) -> Result<String> {
    let mut whole = String::new();
    loop {
        let (length, rest) = body.split_once("\r\n").context("a piece has no length")?;
        let length = usize::from_str_radix(length, 16)?;
        if length == 0 {
            return Ok(whole);
        }
        whole += rest.get(..length).context("a piece is cut")?;
        body = rest.get(length + 2..).context("a piece has no end")?;
    }
}
