//! Connections that are made, by clients and by nodes to their peers.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::party::VERSIONS;
use super::{CertificateError, Proof, Reader, Writer, dns_name, in_time, plain, sealed};
use crate::protocol::NodeId;

/// How connections are made to the nodes of a cluster. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Outbound(Option<Arc<Sealed>>);

#[derive(Debug)]
struct Sealed {
    config: Arc<ClientConfig>,
    /// The nodes as their certificates have them.
    names: Vec<ServerName<'static>>,
}

impl Outbound {
    /// With TLS, to nodes of these names.
    pub fn sealed(proof: &Proof, nodes: &[String]) -> Result<Self, CertificateError> {
        let wrong = |problem: String| CertificateError::new(&proof.file, problem);
        let name = |node: &String| {
            let name = dns_name(node).map(ServerName::DnsName);
            name.ok_or_else(|| wrong(format!("\"{node}\" is no DNS name")))
        };
        let names = nodes.iter().map(name).collect::<Result<_, _>>()?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&proof.provider))
            .with_protocol_versions(VERSIONS)
            .map(|config| config.with_root_certificates(Arc::clone(&proof.authority)))
            .and_then(|config| {
                config.with_client_auth_cert(proof.chain.clone(), proof.key.clone_key())
            })
            .map_err(|error| wrong(error.to_string()))?;
        // Every connection proves everything.
        config.resumption = Resumption::disabled();
        Ok(Self(Some(Arc::new(Sealed { config: Arc::new(config), names }))))
    }

    /// Makes a connection to the node `to` out of one of TCP.
    pub async fn begin(&self, stream: TcpStream, to: NodeId) -> io::Result<(Reader, Writer)> {
        let Some(with) = &self.0 else { return Ok(plain(stream)) };
        let name = with.names[usize::from(to)].clone();
        let connector = TlsConnector::from(Arc::clone(&with.config));
        Ok(sealed(in_time(connector.connect(name, stream)).await?))
    }
}
