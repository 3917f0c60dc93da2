//! Certificates for a cluster, by an authority that is forgotten when they are made.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{CertificateError, Party};

/// Makes an authority, and by it certificates for nodes of these names and for their clients, as files in a
/// directory. Its key is in no file: nobody can make another certificate by it ever. What is there already
/// stays as it is, and is an error.
pub fn issue(dir: &Path, nodes: &[String]) -> Result<(), CertificateError> {
    let cannot = |error: &dyn std::fmt::Display| CertificateError::new(dir, error);
    // Only whoever runs the cluster gets in.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|error| cannot(&error))?;
    let key = KeyPair::generate().map_err(|error| cannot(&error))?;
    let params = authority();
    let certificate = params.self_signed(&key).map_err(|error| cannot(&error))?;
    write(&Party::authority(dir), &certificate.pem(), 0o644)?;
    let authority = Issuer::new(params, key);
    for node in nodes {
        let params = of_node(node).map_err(|error| cannot(&error))?;
        issue_to(dir, Party::Node(node), &params, &authority)?;
    }
    issue_to(dir, Party::Clients, &of_clients(), &authority)
}

fn issue_to(
    dir: &Path,
    party: Party<'_>,
    params: &CertificateParams,
    authority: &Issuer<'_, KeyPair>,
) -> Result<(), CertificateError> {
    let cannot = |error| CertificateError::new(&party.certificate(dir), error);
    let key = KeyPair::generate().map_err(cannot)?;
    let certificate = params.signed_by(&key, authority).map_err(cannot)?;
    write(&party.certificate(dir), &certificate.pem(), 0o644)?;
    write(&party.key(dir), &key.serialize_pem(), 0o600)
}

fn authority() -> CertificateParams {
    let mut params = named("quorate authority");
    // What it signs signs nothing.
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

/// A node is a server to all others, and a client of its peers.
fn of_node(name: &str) -> Result<CertificateParams, rcgen::Error> {
    let purposes = [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let mut params = of_party(name, &purposes);
    params.subject_alt_names = CertificateParams::new([name.to_owned()])?.subject_alt_names;
    Ok(params)
}

/// Clients are nobody's server, and have no name that a node could have.
fn of_clients() -> CertificateParams {
    of_party("quorate clients", &[ExtendedKeyUsagePurpose::ClientAuth])
}

fn of_party(name: &str, purposes: &[ExtendedKeyUsagePurpose]) -> CertificateParams {
    let mut params = named(name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = purposes.to_vec();
    params
}

/// Of no certain time: the clocks of hosts may be wrong, and the keys end with the cluster.
fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn write(file: &Path, text: &str, mode: u32) -> Result<(), CertificateError> {
    let open = || OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    let put = |mut file: File| -> io::Result<()> { file.write_all(text.as_bytes()) };
    open().and_then(put).map_err(|error| CertificateError::new(file, error))
}
