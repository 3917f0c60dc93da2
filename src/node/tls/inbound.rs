//! Connections that come to a node.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::party::VERSIONS;
use super::{CertificateError, Proof, Reader, Writer, dns_name, in_time, plain, sealed};

/// How a node takes connections in. All clones are the same.
#[derive(Clone, Default)]
pub(in crate::node) struct Inbound(Option<TlsAcceptor>);

/// Who has come, by the certificate that was shown.
#[derive(Debug)]
pub(in crate::node) enum Guest {
    /// Nobody was asked.
    Anybody,
    /// Whose certificate this is. It is of the authority.
    Known(CertificateDer<'static>),
}

impl Inbound {
    /// With TLS, from those that have a certificate of the authority.
    pub(in crate::node) fn sealed(proof: &Proof) -> Result<Self, CertificateError> {
        let wrong = |problem: String| CertificateError::new(&proof.file, problem);
        let (authority, provider) = (Arc::clone(&proof.authority), Arc::clone(&proof.provider));
        let verifier = WebPkiClientVerifier::builder_with_provider(authority, provider).build();
        let verifier = verifier.map_err(|error| wrong(error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&proof.provider))
            .with_protocol_versions(VERSIONS)
            .map(|config| config.with_client_cert_verifier(verifier))
            .and_then(|config| config.with_single_cert(proof.chain.clone(), proof.key.clone_key()))
            .map_err(|error| wrong(error.to_string()))?;
        // Every connection proves everything.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self(Some(Arc::new(config).into())))
    }

    /// Makes a connection out of one of TCP, if whoever has come may come.
    pub(in crate::node) async fn begin(
        &self,
        stream: TcpStream,
    ) -> io::Result<(Reader, Writer, Guest)> {
        let Some(acceptor) = &self.0 else {
            let (reader, writer) = plain(stream);
            return Ok((reader, writer, Guest::Anybody));
        };
        let stream = in_time(acceptor.accept(stream)).await?;
        let (_, session) = stream.get_ref();
        let shown = session.peer_certificates().and_then(|chain| chain.first());
        let shown = shown.ok_or_else(|| io::Error::other("no certificate was shown"))?;
        let guest = Guest::Known(shown.clone().into_owned());
        let (reader, writer) = sealed(stream);
        Ok((reader, writer, guest))
    }
}

impl Guest {
    /// Whether this may be the node of this name.
    pub(in crate::node) fn may_be(&self, node: &str) -> bool {
        let Self::Known(certificate) = self else { return true };
        let name = dns_name(node).map(ServerName::DnsName);
        let certificate = ParsedCertificate::try_from(certificate).ok();
        let both = certificate.zip(name);
        both.is_some_and(|(certificate, name)| verify_server_name(&certificate, &name).is_ok())
    }
}
