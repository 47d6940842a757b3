//! Connects to a mail server, and begins TLS.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{CertificateError, ClientConfig, Error as TlsError};

use super::guard::Wire;
use super::{Account, ImapError};
use crate::remote;

/// The longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects to the server of `account`, without TLS.
pub async fn plain(account: &Account) -> Result<TcpStream, ImapError> {
    let (host, port) = (account.host.trim_matches(['[', ']']), account.port);
    let unreachable = |cause: String| ImapError::Unreachable { port, cause };
    let patience = CONNECT.min(account.patience);
    match timeout(patience, TcpStream::connect((host, port))).await {
        Err(_) => Err(unreachable(format!("no answer for {} s", patience.as_secs()))),
        Ok(Err(error)) => Err(unreachable(remote::one_line(&error.to_string()))),
        Ok(Ok(stream)) => {
            // Commands are short, and each waits for its answer.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
    }
}

/// Begins TLS on `wire`, and checks the certificate of the server of `account`.
pub async fn secured(wire: Box<dyn Wire>, account: &Account) -> Result<Box<dyn Wire>, ImapError> {
    let host = account.host.trim_matches(['[', ']']).to_string();
    let name = ServerName::try_from(host).map_err(|_| ImapError::OtherName(account.host.clone()))?;
    let connector = connector(account.ca.as_deref())?;
    match timeout(account.patience, connector.connect(name, wire)).await {
        Err(_) => Err(ImapError::Silent(account.patience.as_secs())),
        Ok(Err(error)) => Err(refused(&error, account)),
        Ok(Ok(stream)) => Ok(Box::new(stream)),
    }
}

/// A connector that trusts the authorities of this system, and those of the PEM file `ca`.
fn connector(ca: Option<&[u8]>) -> Result<TlsConnector, ImapError> {
    let failed = |error: TlsError| ImapError::Tls(remote::one_line(&error.to_string()));
    let provider: Arc<CryptoProvider> = aws_lc_rs::default_provider().into();
    let mut authorities = Vec::new();
    if let Some(pem) = ca {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        authorities = read.ok().filter(|read| !read.is_empty()).ok_or(ImapError::Authority)?;
    }
    let verifier = match authorities.is_empty() {
        true => Verifier::new(Arc::clone(&provider)),
        false => Verifier::new_with_extra_roots(authorities, Arc::clone(&provider)),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        // The system's own verifier, as in every other connection of askpm.
        .with_custom_certificate_verifier(Arc::new(verifier.map_err(failed)?))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Says why TLS could not begin.
fn refused(error: &io::Error, account: &Account) -> ImapError {
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>());
    match cause {
        Some(TlsError::InvalidMessage(_)) => ImapError::NoTls(account.port),
        Some(TlsError::InvalidCertificate(problem)) => match problem {
            CertificateError::UnknownIssuer => ImapError::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                ImapError::OtherName(account.host.clone())
            }
            CertificateError::Other(other) => {
                let deepest = other.source().map_or_else(|| other.to_string(), remote::cause);
                ImapError::Certificate(remote::one_line(&deepest))
            }
            problem => ImapError::Certificate(remote::one_line(&problem.to_string())),
        },
        Some(problem) => ImapError::Tls(remote::one_line(&problem.to_string())),
        None if error.kind() == io::ErrorKind::UnexpectedEof => ImapError::Dropped,
        None => ImapError::Tls(remote::one_line(&error.to_string())),
    }
}
