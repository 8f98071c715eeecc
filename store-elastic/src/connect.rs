//! Connections to the nodes, with their accounts.

use base64::{Engine, engine::general_purpose::STANDARD};
use elasticsearch::{
    auth::Credentials,
    http::{
        Url,
        headers::{ACCEPT_ENCODING, AUTHORIZATION, HeaderValue},
        transport::{SingleNodeConnectionPool, Transport, TransportBuilder},
    },
};
use store_core::{Address, Error, ErrorKind, Result, UrlForm};

use crate::{ElasticConfig, client::Client, tls};

const FORM: UrlForm = UrlForm {
    database: "Elasticsearch",
    schemes: &["elasticsearch+http", "elasticsearch+https", "opensearch+http", "opensearch+https"],
    port: 9200,
    namespace: "the beginning of the indices' names",
    config: "ElasticConfig",
};

/// A client of the nodes that the URL names. Nothing is sent yet.
pub(crate) fn connect(url: &str, config: &ElasticConfig) -> Result<Client> {
    let address = FORM.parse(url)?;
    let encrypted = address.scheme.ends_with("https");
    if !encrypted && (config.tls_ca.is_some() || config.tls_key.is_some()) {
        let message = "tls_ca, tls_certificate and tls_key need TLS: write https in the URL";
        return Err(Error::new(ErrorKind::Config, message));
    }
    let account = account(&address, config)?;
    let scheme = if encrypted { "https" } else { "http" };
    let nodes = address.nodes.iter();
    let nodes = nodes.map(|node| transport(&format!("{scheme}://{node}"), &account, config));
    Ok(Client::new(nodes.collect::<Result<_>>()?, config))
}

/// The header that says who asks.
fn account(address: &Address, config: &ElasticConfig) -> Result<Option<HeaderValue>> {
    let user = address.user.as_ref().or(config.user.as_ref());
    let password = address.password.as_ref().or(config.password.as_ref());
    let text = match (user, password, &config.api_key) {
        (Some(user), Some(password), None) => {
            let plain = format!("{user}:{}", password.reveal()?);
            format!("Basic {}", STANDARD.encode(plain))
        }
        (None, None, Some(key)) => format!("ApiKey {}", key.reveal()?),
        (None, None, None) => return Ok(None),
        (_, _, Some(_)) => {
            let message = "an API key stands for user and password: set one or the other";
            return Err(Error::new(ErrorKind::Config, message));
        }
        _ => {
            let message = "a user needs a password, and a password a user: set both, or neither";
            return Err(Error::new(ErrorKind::Config, message));
        }
    };
    let mut header = HeaderValue::try_from(text).map_err(|error| {
        let message = "the API key has characters that it cannot have";
        Error::new(ErrorKind::Config, message).with_source(error)
    })?;
    header.set_sensitive(true);
    Ok(Some(header))
}

fn transport(
    node: &str,
    account: &Option<HeaderValue>,
    config: &ElasticConfig,
) -> Result<Transport> {
    let unusable = |what: &str| Error::new(ErrorKind::Config, format!("{what} is not usable"));
    let url = Url::parse(node).map_err(|error| unusable("a host of the URL").with_source(error))?;
    let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url))
        .enable_meta_header(false)
        // A compressed answer does not tell how long it is, and takes both sides more time than the network.
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        .cert_validation(tls::validation(config)?);
    if let Some(account) = account {
        builder = builder.header(AUTHORIZATION, account.clone());
    }
    if let Some(identity) = tls::identity(config)? {
        builder = builder.auth(Credentials::Certificate(identity));
    }
    builder = match &config.proxy {
        None => builder.disable_proxy(),
        Some(proxy) => {
            let url = Url::parse(&proxy.reveal()?);
            let url = url.map_err(|error| unusable("proxy").with_source(error))?;
            builder.proxy(url, None, None)
        }
    };
    builder.build().map_err(|error| unusable("a certificate, key or proxy").with_source(error))
}

#[cfg(test)]
mod tests {
    use store_core::{ErrorKind, Result, Secret};

    use super::{FORM, account};
    use crate::ElasticConfig;

    fn header(url: &str, change: impl FnOnce(&mut ElasticConfig)) -> Result<Option<String>> {
        let mut config = ElasticConfig::default();
        change(&mut config);
        let header = account(&FORM.parse(url)?, &config)?;
        Ok(header.map(|header| {
            assert!(header.is_sensitive());
            header.to_str().unwrap().to_owned()
        }))
    }

    #[test]
    fn an_account_is_a_user_or_a_key() {
        let url = "elasticsearch+http://a";
        assert_eq!(header(url, |_| ()).unwrap(), None);
        let basic = header("opensearch+https://me:p%40ss@a,b:1", |_| ()).unwrap();
        assert_eq!(basic.as_deref(), Some("Basic bWU6cEBzcw=="));
        let key = header(url, |config| config.api_key = Some(Secret::new("abc=="))).unwrap();
        assert_eq!(key.as_deref(), Some("ApiKey abc=="));
        for error in [
            header("elasticsearch+http://me@a", |_| ()).unwrap_err(),
            header("elasticsearch+http://me:p@a", |config| {
                config.api_key = Some(Secret::new("abc"));
            })
            .unwrap_err(),
            header(url, |config| config.api_key = Some(Secret::new("hunter\n2"))).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
        }
    }
}
