//! Encrypted connections.

use std::{path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use store_core::{Error, ErrorKind, Result};

use crate::CassandraConfig;

/// What connections are encrypted with; none where they are not.
pub(crate) fn context(config: &CassandraConfig) -> Result<Option<Arc<ClientConfig>>> {
    if !config.tls {
        return Ok(None);
    }
    // The program's choice of cryptography, where it made one.
    let provider = CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(ring::default_provider()));
    let mut roots = RootCertStore::empty();
    match &config.tls_ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| refused(path, error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| {
        let message = "the program's choice of cryptography knows no protocol of TLS that is safe";
        Error::new(ErrorKind::Config, message).with_source(error)
    })?;
    let builder = builder.with_root_certificates(roots);
    let context = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => {
            let der = PrivateKeyDer::from_pem_file(key).map_err(|error| refused(key, error))?;
            let context = builder.with_client_auth_cert(certificates(certificate)?, der);
            context.map_err(|error| refused(certificate, error))?
        }
        _ => builder.with_no_client_auth(),
    };
    Ok(Some(Arc::new(context)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let read = |path| CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    match read(path) {
        Ok(certificates) if certificates.is_empty() => {
            let message = format!("{} holds no certificate in PEM", path.display());
            Err(Error::new(ErrorKind::Config, message))
        }
        read => read.map_err(|error| refused(path, error)),
    }
}

fn refused(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    let message = format!("the certificate or key {} cannot be used", path.display());
    Error::new(ErrorKind::Config, message).with_source(error)
}
