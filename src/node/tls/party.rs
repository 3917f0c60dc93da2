//! Who takes part in a cluster, and by which files that is proved.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{RootCertStore, SupportedProtocolVersion, version};

use super::{CertificateError, dns_name};

/// Nothing older is spoken. Both ends are of this program.
pub(super) const VERSIONS: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// Who takes part in a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party<'a> {
    /// The node of this name.
    Node(&'a str),
    /// The clients, all of them.
    Clients,
}

impl Party<'_> {
    /// The file of the certificate of the authority.
    pub fn authority(dir: &Path) -> PathBuf {
        dir.join("authority.pem")
    }

    /// The file of the certificate.
    pub fn certificate(self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.pem", self.file_stem()))
    }

    /// The file of its key.
    pub fn key(self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.key", self.file_stem()))
    }

    /// All the files that this party needs, and no more.
    pub fn files(self, dir: &Path) -> [PathBuf; 3] {
        [Self::authority(dir), self.certificate(dir), self.key(dir)]
    }

    /// Nodes may be called as they like, and are not taken for something else.
    fn file_stem(self) -> String {
        match self {
            Self::Node(name) => format!("node-{name}"),
            Self::Clients => "clients".to_owned(),
        }
    }
}

/// What a party proves with that it is who it says, and by what it knows others.
#[derive(Debug)]
pub struct Proof {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) authority: Arc<RootCertStore>,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
    /// The file of the certificate, for errors.
    pub(super) file: PathBuf,
}

impl Proof {
    /// Reads that of a party from the files in a directory.
    pub fn read(dir: &Path, party: Party<'_>) -> Result<Self, CertificateError> {
        let [authority_file, file, key_file] = party.files(dir);
        let mut authority = RootCertStore::empty();
        for certificate in certificates(&authority_file)? {
            authority
                .add(certificate)
                .map_err(|error| CertificateError::new(&authority_file, error))?;
        }
        let key = PrivateKeyDer::from_pem_file(&key_file)
            .map_err(|error| CertificateError::new(&key_file, error))?;
        Ok(Self {
            provider: Arc::new(ring::default_provider()),
            authority: Arc::new(authority),
            chain: certificates(&file)?,
            key,
            file,
        })
    }

    /// Refuses what is no certificate of this node by the authority: all others would refuse it, too, and
    /// could not say so to whoever started it.
    pub(in crate::node) fn check(&self, node: &str) -> Result<(), CertificateError> {
        let wrong = |problem: String| CertificateError::new(&self.file, problem);
        let name = dns_name(node).ok_or_else(|| wrong(format!("\"{node}\" is no DNS name")))?;
        let (authority, provider) = (Arc::clone(&self.authority), Arc::clone(&self.provider));
        let verifier = WebPkiServerVerifier::builder_with_provider(authority, provider).build();
        let verifier = verifier.map_err(|error| wrong(error.to_string()))?;
        let (name, now) = (ServerName::DnsName(name), UnixTime::now());
        let (first, others) = (&self.chain[0], &self.chain[1..]);
        let verified = verifier.verify_server_cert(first, others, &name, &[], now);
        verified.map(drop).map_err(|error| {
            wrong(format!("no certificate of node {node} by the authority beside it: {error}"))
        })
    }
}

/// The certificates in a file, of which there is one at least.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let all: Vec<_> = read.map_err(|error| CertificateError::new(file, error))?;
    if all.is_empty() {
        return Err(CertificateError::new(file, "no certificate; expected one in PEM"));
    }
    Ok(all)
}
