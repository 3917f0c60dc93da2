//! One session with one server, in ZooKeeper's own protocol: frames of a length and a body, whose numbers
//! have their most significant byte first.
//!
//! The clients that there are as crates reconnect to other servers on their own, which is what must not
//! happen here, or cannot sync.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Of these every answer is.
const ANSWER_BYTES_MAX: u32 = 1 << 20;
/// How long a session may be silent, in milliseconds; the server may grant less.
const SILENCE_MS: i32 = 10_000;
/// What everybody may do: everything.
const OPEN_TO_ALL: (i32, &str, &str) = (31, "world", "anyone");

/// A session that is open. After an error it is not.
#[derive(Debug)]
pub(super) struct Session {
    stream: TcpStream,
    asked: i32,
    /// The latest change that the server has told of.
    pub(super) seen: i64,
}

/// What a server is asked.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask<'a> {
    /// Make a new entry.
    Create(&'a str, &'a str),
    /// Say what an entry holds.
    Get(&'a str),
    /// Change an entry, if it has this version; whatever it has, if that is -1.
    Set(&'a str, &'a str, i32),
    /// Catch up with the leader before the next answer.
    Sync(&'a str),
}

/// An answer: a code, which is 0 if all is well, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) body: Bytes,
}

impl Session {
    /// Opens a session with a server, which refuses if it does not know of the change `seen` yet.
    pub(super) async fn open(address: SocketAddr, seen: i64) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut hello = BytesMut::new();
        hello.put_i32(0);
        hello.put_i64(seen);
        hello.put_i32(SILENCE_MS);
        // No session before this one, with no password.
        hello.put_i64(0);
        put_bytes(&mut hello, &[0; 16]);
        hello.put_u8(0);
        send(&mut stream, &hello).await?;
        let mut answer = receive(&mut stream).await?;
        let (_version, silence) = (answer.try_get_i32()?, answer.try_get_i32()?);
        if silence <= 0 {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Self { stream, asked: 0, seen })
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(&mut self, ask: Ask<'_>) -> io::Result<Answer> {
        self.asked = self.asked.wrapping_add(1) & i32::MAX;
        send(&mut self.stream, &encoded(self.asked, ask)).await?;
        let mut body = receive(&mut self.stream).await?;
        let (number, seen, code) = (body.try_get_i32()?, body.try_get_i64()?, body.try_get_i32()?);
        if number != self.asked {
            return Err(io::Error::other("an answer to another question"));
        }
        self.seen = self.seen.max(seen);
        Ok(Answer { code, body })
    }

    /// Ends when the server ends the session while nothing is asked.
    pub(super) async fn ended(&mut self) {
        // It may seem readable and not be.
        while self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // Whatever it has to say, nobody has asked.
                Ok(_) | Err(_) => return,
            }
        }
    }
}

impl Answer {
    /// What an entry holds, and its version.
    pub(super) fn entry(mut self) -> io::Result<(Bytes, i32)> {
        /// Where the version stands in what is told about an entry: after four numbers of eight bytes.
        const VERSION: usize = 32;
        let length = self.body.try_get_i32()?.max(0) as usize;
        if self.body.len() < length + VERSION {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let data = self.body.split_to(length);
        self.body.advance(VERSION);
        Ok((data, self.body.try_get_i32()?))
    }
}

fn encoded(number: i32, ask: Ask<'_>) -> BytesMut {
    let mut frame = BytesMut::new();
    frame.put_i32(number);
    frame.put_i32(match ask {
        Ask::Create(..) => 1,
        Ask::Get(_) => 4,
        Ask::Set(..) => 5,
        Ask::Sync(_) => 9,
    });
    match ask {
        Ask::Create(path, data) => {
            let (permissions, scheme, whom) = OPEN_TO_ALL;
            put_bytes(&mut frame, path.as_bytes());
            put_bytes(&mut frame, data.as_bytes());
            frame.put_i32(1);
            frame.put_i32(permissions);
            put_bytes(&mut frame, scheme.as_bytes());
            put_bytes(&mut frame, whom.as_bytes());
            // It stays after the session.
            frame.put_i32(0);
        }
        Ask::Get(path) => {
            put_bytes(&mut frame, path.as_bytes());
            // Nobody wants to hear of changes.
            frame.put_u8(0);
        }
        Ask::Set(path, data, version) => {
            put_bytes(&mut frame, path.as_bytes());
            put_bytes(&mut frame, data.as_bytes());
            frame.put_i32(version);
        }
        Ask::Sync(path) => put_bytes(&mut frame, path.as_bytes()),
    }
    frame
}

fn put_bytes(frame: &mut BytesMut, bytes: &[u8]) {
    frame.put_i32(bytes.len() as i32);
    frame.put_slice(bytes);
}

async fn send(stream: &mut TcpStream, body: &[u8]) -> io::Result<()> {
    let mut frame = BytesMut::with_capacity(body.len() + 4);
    put_bytes(&mut frame, body);
    stream.write_all(&frame).await
}

async fn receive(stream: &mut TcpStream) -> io::Result<Bytes> {
    let length = stream.read_u32().await?;
    if length > ANSWER_BYTES_MAX {
        return Err(io::Error::other(format!("an answer of {length} bytes")));
    }
    let mut body = vec![0; length as usize];
    stream.read_exact(&mut body).await?;
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_the_protocol_has_them() {
        let set = encoded(7, Ask::Set("/k1", "42", -1));
        assert_eq!(set[..], *b"\0\0\0\x07\0\0\0\x05\0\0\0\x03/k1\0\0\0\x0242\xff\xff\xff\xff");
        let sync = encoded(8, Ask::Sync("/k1"));
        assert_eq!(sync[..], *b"\0\0\0\x08\0\0\0\x09\0\0\0\x03/k1");
    }

    #[test]
    fn entries_are_read_and_what_is_cut_short_is_refused() {
        let mut body = BytesMut::new();
        put_bytes(&mut body, b"42");
        body.put_slice(&[0; 32]);
        body.put_i32(9);
        let body = body.freeze();
        let entry = |body| Answer { code: 0, body }.entry();
        assert_eq!(entry(body.clone()).expect("it is whole"), (Bytes::from_static(b"42"), 9));
        for length in 0..body.len() {
            assert!(entry(body.slice(..length)).is_err(), "{length} bytes");
        }
    }
}
