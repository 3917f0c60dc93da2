//! What goes over a connection to a node: frames with their length before them, in postcard.
//!
//! The first frame says who is there ([`Hello`]). After that a peer sends messages and hears nothing on
//! this connection but a byte now and then, which says that they come; a client sends an [`Ask`] and hears an [`Answer`], as many of them at a time as it
//! likes. What cannot be read closes the connection it came from, and no other.

use std::io;

use bytes::BytesMut;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::{Decoder as _, Encoder as _, LengthDelimitedCodec};

use crate::protocol::{ClientReply, Key, NodeId, Request};

/// Longer frames are refused. The longest there are carry a snapshot of all registers.
pub const FRAME_BYTES_MAX: usize = 64 << 20;
/// A frame begins with its length.
const LENGTH_BYTES: usize = 4;
/// What every connection begins with, so that nothing else is taken for one.
const MAGIC: [u8; 8] = *b"quorate1";
/// What a peer hears now and then, when its messages come.
pub(super) const HEARD: u8 = 0;
/// So much is read at a time.
const READ_BYTES: usize = 16 << 10;

/// Who is there: the first frame of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    magic: [u8; 8],
    /// Who.
    pub who: Who,
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Who {
    /// A node of the cluster.
    Peer(NodeId),
    /// A client.
    Client,
}

impl Hello {
    /// The first frame of `who`.
    pub fn new(who: Who) -> Self {
        Self { magic: MAGIC, who }
    }
}

/// What a client asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Names it in the answer; unique on its connection.
    pub number: u64,
    /// Who asks: the writer of a version. No two clients of a cluster share it.
    pub process: u32,
    /// The register.
    pub key: Key,
    /// What to do with it.
    pub request: Request,
}

/// What a client is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// That of the question.
    pub number: u64,
    /// What came of it.
    pub reply: ClientReply,
}

/// What is wrong with what arrived.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The connection has broken, or a frame is longer than it may be.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A frame holds something else.
    #[error("a frame of {length} bytes is no {expected}")]
    Frame {
        /// How long it is.
        length: usize,
        /// What was due.
        expected: &'static str,
    },
    /// Whoever has come may not.
    #[error("it is not of this cluster: {0}")]
    Stranger(io::Error),
    /// It begins like something else.
    #[error("the connection does not begin as one of quorate's; expected the bytes \"quorate1\"")]
    Magic,
}

/// How many bytes a frame takes, with its length.
pub fn frame_bytes(frame: &impl Serialize) -> u64 {
    let size = postcard::ser_flavors::Size::default();
    let body = postcard::serialize_with_flavor(frame, size).unwrap_or(0);
    (LENGTH_BYTES + body) as u64
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX).new_codec()
}

/// Frames to be written, one behind the other.
#[derive(Debug)]
pub struct Outgoing {
    codec: LengthDelimitedCodec,
    bytes: BytesMut,
}

impl Outgoing {
    /// None yet.
    pub fn new() -> Self {
        Self { codec: codec(), bytes: BytesMut::new() }
    }

    /// Adds a frame. Returns how many bytes it takes, with its length.
    pub fn add(&mut self, frame: &impl Serialize) -> io::Result<u64> {
        let body = postcard::to_stdvec(frame).map_err(io::Error::other)?;
        self.codec.encode(body.as_slice(), &mut self.bytes)?;
        Ok((LENGTH_BYTES + body.len()) as u64)
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All of them, which are then no longer in here.
    pub fn take(&mut self) -> BytesMut {
        self.bytes.split()
    }
}

impl Default for Outgoing {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends all frames there are.
pub async fn send(to: &mut (impl AsyncWrite + Unpin), frames: &mut Outgoing) -> io::Result<()> {
    to.write_all(&frames.take()).await?;
    // TLS keeps what the socket does not take at once.
    to.flush().await
}

/// Frames as they arrive.
#[derive(Debug)]
pub struct Incoming<R> {
    from: R,
    codec: LengthDelimitedCodec,
    bytes: BytesMut,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    /// Frames from a connection.
    pub fn new(from: R) -> Self {
        Self { from, codec: codec(), bytes: BytesMut::new() }
    }

    /// The next frame; `None` at the end. Nothing is lost if nobody waits for it to the end.
    pub async fn next<T: DeserializeOwned>(
        &mut self,
        expected: &'static str,
    ) -> Result<Option<T>, WireError> {
        loop {
            if let Some(frame) = self.codec.decode(&mut self.bytes)? {
                let length = frame.len();
                let read = postcard::from_bytes(&frame);
                return read.map(Some).map_err(|_| WireError::Frame { length, expected });
            }
            self.bytes.reserve(READ_BYTES);
            match self.from.read_buf(&mut self.bytes).await {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                // With TLS, too, whoever is killed takes no leave.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The first frame.
    pub async fn hello(&mut self) -> Result<Option<Who>, WireError> {
        let hello: Option<Hello> = self.next("greeting").await?;
        match hello {
            Some(Hello { magic, .. }) if magic != MAGIC => Err(WireError::Magic),
            hello => Ok(hello.map(|hello| hello.who)),
        }
    }
}
