//! How AMQP 0-9-1 writes things down: frames of a kind, a channel, a length and a body, whose numbers have
//! their most significant byte first.

use bytes::{BufMut, BytesMut};

/// Frames are never longer, as the broker would have it.
pub(super) const FRAME_BYTES_MAX: u32 = 128 << 10;
/// What every frame ends with.
pub(super) const FRAME_END: u8 = 0xce;
/// What a frame is.
pub(super) const METHOD: u8 = 1;
pub(super) const HEADER: u8 = 2;
pub(super) const BODY: u8 = 3;
pub(super) const HEARTBEAT: u8 = 8;

/// A method: its class and its number in that.
pub(super) type Id = (u16, u16);
pub(super) const START: Id = (10, 10);
pub(super) const START_OK: Id = (10, 11);
pub(super) const TUNE: Id = (10, 30);
pub(super) const TUNE_OK: Id = (10, 31);
pub(super) const OPEN: Id = (10, 40);
pub(super) const OPEN_OK: Id = (10, 41);
pub(super) const CLOSE: Id = (10, 50);
pub(super) const CHANNEL_OPEN: Id = (20, 10);
pub(super) const CHANNEL_OPEN_OK: Id = (20, 11);
pub(super) const CHANNEL_CLOSE: Id = (20, 40);
pub(super) const DECLARE: Id = (50, 10);
pub(super) const DECLARE_OK: Id = (50, 11);
pub(super) const PUBLISH: Id = (60, 40);
pub(super) const RETURN: Id = (60, 50);
pub(super) const GET: Id = (60, 70);
pub(super) const GET_OK: Id = (60, 71);
pub(super) const GET_EMPTY: Id = (60, 72);
pub(super) const ACK: Id = (60, 80);
pub(super) const NACK: Id = (60, 120);
pub(super) const CONFIRM: Id = (85, 10);
pub(super) const CONFIRM_OK: Id = (85, 11);

/// The account that every broker begins with.
pub(super) fn login() -> BytesMut {
    let mut login = BytesMut::new();
    // Nothing to say about ourselves.
    login.put_u32(0);
    put_short(&mut login, "PLAIN");
    put_long(&mut login, b"\0guest\0guest");
    put_short(&mut login, "en_US");
    login
}

/// A message of one frame to the exchange that knows all queues by name.
pub(super) fn published(queue: &str, message: &str, persists: bool) -> BytesMut {
    /// If no queue can be found for it, it comes back.
    const MANDATORY: u8 = 1;
    /// The only property that is set: how it is delivered.
    const DELIVERY_MODE: u16 = 0x1000;
    let mut arguments = BytesMut::new();
    arguments.put_u16(0);
    put_short(&mut arguments, "");
    put_short(&mut arguments, queue);
    arguments.put_u8(MANDATORY);
    let mut header = BytesMut::new();
    let (class, _) = PUBLISH;
    header.put_u16(class);
    header.put_u16(0);
    header.put_u64(message.len() as u64);
    header.put_u16(DELIVERY_MODE);
    header.put_u8(if persists { 2 } else { 1 });
    let mut frames = method(1, PUBLISH, &arguments);
    put_frame(&mut frames, HEADER, 1, &header);
    put_frame(&mut frames, BODY, 1, message.as_bytes());
    frames
}

pub(super) fn method(channel: u16, (class, number): Id, arguments: &[u8]) -> BytesMut {
    let mut body = BytesMut::new();
    body.put_u16(class);
    body.put_u16(number);
    body.put_slice(arguments);
    let mut frame = BytesMut::new();
    put_frame(&mut frame, METHOD, channel, &body);
    frame
}

pub(super) fn put_frame(frames: &mut BytesMut, kind: u8, channel: u16, body: &[u8]) {
    frames.put_u8(kind);
    frames.put_u16(channel);
    put_long(frames, body);
    frames.put_u8(FRAME_END);
}

pub(super) fn put_short(bytes: &mut BytesMut, text: &str) {
    bytes.put_u8(text.len() as u8);
    bytes.put_slice(text.as_bytes());
}

pub(super) fn put_long(bytes: &mut BytesMut, text: &[u8]) {
    bytes.put_u32(text.len() as u32);
    bytes.put_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_as_the_protocol_has_them() {
        let get = method(1, GET, b"\0\0\x02k1\0");
        assert_eq!(get[..], *b"\x01\0\x01\0\0\0\x0a\0\x3c\0\x46\0\0\x02k1\0\xce");
        let message = published("k1", "42", true);
        let expected = b"\x01\0\x01\0\0\0\x0b\0\x3c\0\x28\0\0\0\x02k1\x01\xce\
                         \x02\0\x01\0\0\0\x0f\0\x3c\0\0\0\0\0\0\0\0\0\x02\x10\0\x02\xce\
                         \x03\0\x01\0\0\0\x0242\xce";
        assert_eq!(message[..], expected[..]);
    }
}
