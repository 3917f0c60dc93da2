//! Connections of one cluster that nobody else can read, or take part in.
//!
//! Each node and the clients have a certificate of an authority that is the cluster's alone, and each end of a
//! connection shows its own: a node is known by its name in it, and clients by having one. What goes over a
//! connection is the same with TLS and without; without it nothing in here stands between the socket and
//! whoever reads it.

mod error;
mod inbound;
mod issue;
mod outbound;
mod party;

use std::io;
use std::time::Duration;

use rustls::pki_types::DnsName;
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tokio_rustls::TlsStream;
use tokio_util::either::Either;

pub use error::CertificateError;
pub(super) use inbound::Inbound;
pub use issue::issue;
pub use outbound::Outbound;
pub use party::{Party, Proof};

/// A handshake that is not over in this time is given up. It goes to and fro over links that may be slow, where
/// a connection without TLS is there at once; what a link loses breaks the connection before that.
const HANDSHAKE: Duration = Duration::from_secs(1);

/// What a connection is read from: plain TCP or TLS.
pub type Reader = Either<OwnedReadHalf, ReadHalf<TlsStream<TcpStream>>>;
/// What a connection is written to.
pub type Writer = Either<OwnedWriteHalf, WriteHalf<TlsStream<TcpStream>>>;

/// The two directions of a connection without TLS.
fn plain(stream: TcpStream) -> (Reader, Writer) {
    let (reader, writer) = stream.into_split();
    (Either::Left(reader), Either::Left(writer))
}

/// The two directions of one with TLS.
fn sealed(stream: impl Into<TlsStream<TcpStream>>) -> (Reader, Writer) {
    let (reader, writer) = tokio::io::split(stream.into());
    (Either::Right(reader), Either::Right(writer))
}

/// What comes of a handshake, if it is over in time.
async fn in_time<T>(handshake: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(HANDSHAKE, handshake).await.unwrap_or_else(|_| {
        let problem = format!("no handshake in {HANDSHAKE:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, problem))
    })
}

/// The name of a node as certificates have it; `None` if they cannot have it.
pub fn dns_name(node: &str) -> Option<DnsName<'static>> {
    DnsName::try_from(node.to_owned()).ok()
}
