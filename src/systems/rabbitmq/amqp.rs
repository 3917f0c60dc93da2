//! One connection with one broker and one channel on it, in AMQP 0-9-1.
//!
//! The clients that there are as crates take a thread for each connection and open it again on their own, or
//! tell of confirmations in passing; and whom one has asked, and what was said to that, is the point here.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::wire::{
    ACK, BODY, CHANNEL_CLOSE, CHANNEL_OPEN, CHANNEL_OPEN_OK, CLOSE, CONFIRM, CONFIRM_OK, DECLARE,
    DECLARE_OK, FRAME_BYTES_MAX, FRAME_END, GET, GET_EMPTY, GET_OK, HEADER, HEARTBEAT, Id, METHOD,
    NACK, OPEN, OPEN_OK, RETURN, START, START_OK, TUNE, TUNE_OK, login, method, published,
    put_long, put_short,
};

/// A session that is open. After any trouble it is not.
#[derive(Debug)]
pub(super) struct Session {
    stream: TcpStream,
}

/// Why a session has ended.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection broke, or what came over it is not AMQP.
    Broken(io::Error),
    /// The broker has ended it: a number and what it says.
    Said(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Input that ends too early.
impl From<bytes::TryGetError> for Trouble {
    fn from(error: bytes::TryGetError) -> Self {
        Self::Broken(error.into())
    }
}

/// What is declared, or asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its type, as the broker calls it.
    pub(super) kind: &'a str,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Published {
    /// The broker has confirmed it.
    Confirmed,
    /// The broker has refused to confirm it.
    Refused,
    /// No queue could be found for it.
    Returned,
}

/// An answer: which method, and what follows.
struct Answer {
    id: Id,
    body: Bytes,
}

impl Session {
    /// Opens a session with a broker, which confirms what is published in it.
    pub(super) async fn open(address: SocketAddr) -> Result<Self, Trouble> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(b"AMQP\0\0\x09\x01").await?;
        let mut session = Self { stream };
        session.expect(START).await?;
        session.ask(0, START_OK, &login(), TUNE).await?;
        // One channel, and no heartbeats: clients have patience of their own.
        let mut limits = BytesMut::new();
        limits.put_u16(1);
        limits.put_u32(FRAME_BYTES_MAX);
        limits.put_u16(0);
        session.send(&method(0, TUNE_OK, &limits)).await?;
        session.ask(0, OPEN, b"\x01/\0\0", OPEN_OK).await?;
        session.ask(1, CHANNEL_OPEN, b"\0", CHANNEL_OPEN_OK).await?;
        session.ask(1, CONFIRM, b"\0", CONFIRM_OK).await?;
        Ok(session)
    }

    /// Makes a durable queue. If there is one already, it must be like this.
    pub(super) async fn declare(&mut self, queue: Queue<'_>) -> Result<(), Trouble> {
        const DURABLE: u8 = 2;
        self.declare_as(DURABLE, queue).await
    }

    /// Makes sure that there is a queue of this name.
    pub(super) async fn find(&mut self, queue: Queue<'_>) -> Result<(), Trouble> {
        const PASSIVE: u8 = 1;
        self.declare_as(PASSIVE, queue).await
    }

    async fn declare_as(&mut self, bits: u8, queue: Queue<'_>) -> Result<(), Trouble> {
        let mut kind = BytesMut::new();
        put_short(&mut kind, "x-queue-type");
        kind.put_u8(b'S');
        put_long(&mut kind, queue.kind.as_bytes());
        let mut arguments = BytesMut::new();
        arguments.put_u16(0);
        put_short(&mut arguments, queue.name);
        arguments.put_u8(bits);
        put_long(&mut arguments, &kind);
        self.ask(1, DECLARE, &arguments, DECLARE_OK).await.map(drop)
    }

    /// Publishes a message to a queue, and waits until it is confirmed or not. One that persists is on disk
    /// before a classic queue confirms it.
    pub(super) async fn publish(
        &mut self,
        queue: &str,
        message: &str,
        persists: bool,
    ) -> Result<Published, Trouble> {
        self.send(&published(queue, message, persists)).await?;
        let mut is_returned = false;
        loop {
            match self.answer().await?.id {
                // A confirmation follows all the same.
                RETURN => {
                    is_returned = true;
                    self.content().await?;
                }
                ACK if is_returned => return Ok(Published::Returned),
                ACK => return Ok(Published::Confirmed),
                NACK => return Ok(Published::Refused),
                other => return Err(unexpected(other)),
            }
        }
    }

    /// Takes a message out of a queue: its number, by which it is to be acknowledged, and what it holds.
    pub(super) async fn get(&mut self, queue: &str) -> Result<Option<(u64, Bytes)>, Trouble> {
        let mut arguments = BytesMut::new();
        arguments.put_u16(0);
        put_short(&mut arguments, queue);
        // It must be acknowledged.
        arguments.put_u8(0);
        self.send(&method(1, GET, &arguments)).await?;
        let Answer { id, mut body } = self.answer().await?;
        match id {
            GET_OK => Ok(Some((body.try_get_u64()?, self.content().await?))),
            GET_EMPTY => Ok(None),
            other => Err(unexpected(other)),
        }
    }

    /// Acknowledges a message, which is then gone from its queue. Nobody says whether this arrives.
    pub(super) async fn acknowledge(&mut self, number: u64) -> Result<(), Trouble> {
        let mut arguments = BytesMut::new();
        arguments.put_u64(number);
        arguments.put_u8(0);
        self.send(&method(1, ACK, &arguments)).await
    }

    /// Ends when the broker ends the session, or says anything, while nothing is asked.
    pub(super) async fn ended(&mut self) {
        // It may seem readable and not be.
        while self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut [0]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Asks, and waits for the answer.
    async fn ask(&mut self, channel: u16, id: Id, with: &[u8], then: Id) -> Result<(), Trouble> {
        self.send(&method(channel, id, with)).await?;
        self.expect(then).await
    }

    async fn expect(&mut self, id: Id) -> Result<(), Trouble> {
        let answer = self.answer().await?;
        if answer.id == id { Ok(()) } else { Err(unexpected(answer.id)) }
    }

    async fn send(&mut self, frames: &[u8]) -> Result<(), Trouble> {
        Ok(self.stream.write_all(frames).await?)
    }

    /// The next method. What ends the session is trouble.
    async fn answer(&mut self) -> Result<Answer, Trouble> {
        let mut body = self.frame(METHOD).await?;
        let id = (body.try_get_u16()?, body.try_get_u16()?);
        if matches!(id, CLOSE | CHANNEL_CLOSE) {
            let number = body.try_get_u16()?;
            return Err(Trouble::Said(format!("{number} {}", short(&mut body)?)));
        }
        Ok(Answer { id, body })
    }

    /// What a message holds: a header with its length, and frames until that is reached.
    async fn content(&mut self) -> Result<Bytes, Trouble> {
        let mut header = self.frame(HEADER).await?;
        let (_class, _weight) = (header.try_get_u16()?, header.try_get_u16()?);
        let length = header.try_get_u64()?;
        if length > u64::from(FRAME_BYTES_MAX) {
            return Err(garbage(format!("a message of {length} bytes")));
        }
        let mut content = BytesMut::new();
        while (content.len() as u64) < length {
            content.put(self.frame(BODY).await?);
        }
        Ok(content.freeze())
    }

    async fn frame(&mut self, expected: u8) -> Result<Bytes, Trouble> {
        loop {
            let kind = self.stream.read_u8().await?;
            let _channel = self.stream.read_u16().await?;
            let length = self.stream.read_u32().await?;
            if length > FRAME_BYTES_MAX {
                return Err(garbage(format!("a frame of {length} bytes")));
            }
            let mut body = vec![0; length as usize];
            self.stream.read_exact(&mut body).await?;
            if self.stream.read_u8().await? != FRAME_END {
                return Err(garbage("a frame without an end".to_owned()));
            }
            match kind {
                HEARTBEAT => {}
                kind if kind == expected => return Ok(body.into()),
                kind => return Err(garbage(format!("a frame of kind {kind}"))),
            }
        }
    }
}

fn unexpected((class, number): Id) -> Trouble {
    garbage(format!("method {number} of class {class}, which nobody has asked for"))
}

fn garbage(what: String) -> Trouble {
    Trouble::Broken(io::Error::other(what))
}

fn short(bytes: &mut Bytes) -> Result<String, Trouble> {
    let length = usize::from(bytes.try_get_u8()?);
    if bytes.len() < length {
        return Err(garbage("a text that is cut short".to_owned()));
    }
    Ok(String::from_utf8_lossy(&bytes.split_to(length)).into_owned())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::super::wire::put_frame;
    use super::*;

    /// What a session makes of a broker that says this.
    async fn hears(said: BytesMut) -> Session {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let stream = TcpStream::connect(address).await.expect("it listens");
        let (mut broker, _) = listener.accept().await.expect("somebody comes");
        broker.write_all(&said).await.expect("it fits");
        Session { stream }
    }

    #[tokio::test]
    async fn confirmations_are_told_apart() {
        let back = {
            let mut back = method(1, RETURN, b"\x01\x38\x08NO_ROUTE\0\x02k1");
            put_frame(&mut back, HEADER, 1, b"\0\x3c\0\0\0\0\0\0\0\0\0\x02\x10\0\x02");
            put_frame(&mut back, BODY, 1, b"42");
            back
        };
        let numbered = b"\0\0\0\0\0\0\0\x01\0";
        let (yes, no) = (method(1, ACK, numbered), method(1, NACK, numbered));
        for (said, expected) in [
            (yes.clone(), Published::Confirmed),
            (no, Published::Refused),
            ([back, yes].concat()[..].into(), Published::Returned),
        ] {
            let published = hears(said).await.publish("k1", "42", true).await;
            assert_eq!(published.expect("it is told"), expected);
        }
    }

    #[tokio::test]
    async fn messages_are_taken_whole_and_what_is_cut_short_is_refused() {
        let mut said = method(1, GET_OK, b"\0\0\0\0\0\0\0\x07\0\0\x02k1\0\0\0\0");
        put_frame(&mut said, HEADER, 1, b"\0\x3c\0\0\0\0\0\0\0\0\0\x02\0\0");
        put_frame(&mut said, BODY, 1, b"4");
        put_frame(&mut said, HEARTBEAT, 0, b"");
        put_frame(&mut said, BODY, 1, b"2");
        let got = hears(said.clone()).await.get("k1").await.expect("it is whole");
        assert_eq!(got, Some((7, Bytes::from_static(b"42"))));
        for length in 0..said.len() {
            let got = hears(said[..length].into()).await.get("k1").await;
            assert!(matches!(got, Err(Trouble::Broken(_))), "{length} bytes: {got:?}");
        }
        let empty = hears(method(1, GET_EMPTY, b"\0")).await.get("k1").await;
        assert_eq!(empty.expect("it is told"), None);
    }

    #[tokio::test]
    async fn whoever_ends_it_says_why() {
        let said = method(1, CHANNEL_CLOSE, b"\x01\x94\x12NOT_FOUND - no k1.\0\x32\0\x0a");
        let queue = Queue { name: "k1", kind: "quorum" };
        match hears(said).await.find(queue).await {
            Err(Trouble::Said(why)) => assert_eq!(why, "404 NOT_FOUND - no k1."),
            other => panic!("{other:?}"),
        }
        let garbage = method(1, START, b"");
        assert!(matches!(hears(garbage).await.find(queue).await, Err(Trouble::Broken(_))));
    }
}
