//! Certificates of encrypted connections.

use std::{fs, path::Path};

use elasticsearch::{
    auth::ClientCertificate,
    cert::{Certificate, CertificateValidation},
};
use store_core::{Error, ErrorKind, Result};

use crate::ElasticConfig;

/// Whom we trust.
pub(crate) fn validation(config: &ElasticConfig) -> Result<CertificateValidation> {
    let Some(path) = &config.tls_ca else { return Ok(CertificateValidation::Default) };
    let certificate = Certificate::from_pem(&read(path)?).map_err(|error| {
        let message = format!("{} holds no certificate in PEM", path.display());
        Error::new(ErrorKind::Config, message).with_source(error)
    })?;
    Ok(CertificateValidation::Full(certificate))
}

/// Our own certificate with its key, where there is one.
pub(crate) fn identity(config: &ElasticConfig) -> Result<Option<ClientCertificate>> {
    let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) else {
        return Ok(None);
    };
    Ok(Some(ClientCertificate::Pem([read(certificate)?, read(key)?].concat())))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        let message = format!("the certificate or key {} cannot be read", path.display());
        Error::new(ErrorKind::Config, message).with_source(error)
    })
}
