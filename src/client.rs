//! What clients ask, what they learn, and the only place that decides what it means: ok, fail or
//! info.

use quorate_checker::EventKind;

use crate::protocol::{ClientReply, Key, NodeId, Object, Request, Value};

/// One client of a system. It asks the node it is told to, and no other in its place.
pub trait Client: Send + 'static {
    /// Asks, and waits for the answer. What was given up before it came must not be taken for the answer
    /// to a later question.
    fn ask(&mut self, question: Question) -> impl Future<Output = Response> + Send;

    /// Ends when the connection breaks while there is nothing to ask.
    fn idle(&mut self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Drops the connection, and with it whatever it still may say.
    fn disconnect(&mut self) {}
}

/// What a client is to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Who asks.
    pub process: u32,
    /// Whom.
    pub node: NodeId,
    /// What.
    pub operation: Operation,
}

/// One operation on one object: a register, or whatever clients operate on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Which of them.
    pub key: Key,
    /// What to do with it.
    pub action: Action,
}

/// What to do with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Return the value of a register, the count of a counter, or the elements of a set.
    Read,
    /// Replace it.
    Write(Value),
    /// Replace it if it equals the expected one.
    Cas {
        /// What it must hold; `None` if it must never have been written.
        expected: Option<Value>,
        /// What it then gets.
        new: Value,
    },
    /// Add this amount to a counter.
    Add(Value),
    /// Put this element, 0 to 62, into a set.
    Insert(Value),
    /// Put this into a queue.
    Enqueue(Value),
    /// Take something out of a queue.
    Dequeue,
}

impl Action {
    /// What a history calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(_) => "write",
            Self::Cas { .. } => "cas",
            Self::Add(_) | Self::Insert(_) => "add",
            Self::Enqueue(_) => "enqueue",
            Self::Dequeue => "dequeue",
        }
    }

    /// What looks at an object, and changes it if it is a queue.
    pub fn look(object: Object) -> Self {
        match object {
            Object::Register | Object::Counter | Object::Set => Self::Read,
            Object::Queue => Self::Dequeue,
        }
    }

    /// What puts a value into an object.
    pub fn change(object: Object, value: Value) -> Self {
        match object {
            Object::Register => Self::Write(value),
            Object::Counter => Self::Add(value),
            Object::Set => Self::Insert(value),
            Object::Queue => Self::Enqueue(value),
        }
    }
}

/// A number by which a system orders what was written to a register: the later, the higher.
pub type Version = i64;

/// What a client learns of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// The value of a read; `None` if it was never written. Of a set a bit for each element, from the lowest
    /// on. What was taken out of a queue; `None` if it was empty.
    Value(Option<Value>),
    /// The value of a read, and the version that the system gives it.
    ValueAt(Option<Value>, Version),
    /// What was written, added or put in is stored, or a compare-and-set has replaced the value.
    Written,
    /// The same, and the version that the system gives to what is there now.
    WrittenAt(Version),
    /// A compare-and-set found this instead of what it expected.
    Differs(Option<Value>),
    /// The node cannot carry it out and has not begun to.
    Unavailable,
    /// The node refused the connection: nothing was sent.
    Refused,
    /// The connection broke after the request was sent.
    ConnectionLost,
    /// No answer in time.
    TimedOut,
    /// The system says what went wrong.
    Error(&'static KnownError),
}

/// An error of a system, and what it means for an operation that changes something. A read that ends in
/// one has failed in any case.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownError {
    /// Words of it by which it is known.
    pub says: &'static str,
    /// What a history calls it.
    pub name: &'static str,
    /// Whether the operation certainly has not happened and never will. When in doubt, it is not.
    pub is_definite: bool,
    /// Why.
    pub because: &'static str,
}

impl KnownError {
    /// The first row of a table by whose words this is known.
    pub fn find(table: &'static [Self], said: &str) -> &'static Self {
        table.iter().find(|error| said.contains(error.says)).unwrap_or(&Self::UNKNOWN)
    }

    /// An error that nobody has thought of.
    pub const UNKNOWN: Self = Self {
        says: "",
        name: "unknown-error",
        is_definite: false,
        because: "nobody knows what it means",
    };
}

impl Response {
    /// Whether a node answered, and the client heard it.
    pub fn is_of_node(self) -> bool {
        match self {
            Self::Value(_)
            | Self::ValueAt(..)
            | Self::Written
            | Self::WrittenAt(_)
            | Self::Differs(_)
            | Self::Unavailable
            | Self::Error(_) => true,
            Self::Refused | Self::ConnectionLost | Self::TimedOut => false,
        }
    }
}

impl From<Action> for Request {
    fn from(action: Action) -> Self {
        match action {
            Action::Read => Self::Read,
            Action::Write(value) => Self::Write(value),
            Action::Cas { expected, new } => Self::Cas { expected, new },
            Action::Add(amount) => Self::Add(amount),
            Action::Insert(element) => Self::Insert(element),
            Action::Enqueue(value) => Self::Enqueue(value),
            Action::Dequeue => Self::Dequeue,
        }
    }
}

impl From<ClientReply> for Response {
    fn from(reply: ClientReply) -> Self {
        match reply {
            ClientReply::Value(value) => Self::Value(value),
            ClientReply::Written => Self::Written,
            ClientReply::Differs(found) => Self::Differs(found),
            ClientReply::Unavailable => Self::Unavailable,
        }
    }
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// ok, fail or info.
    pub kind: EventKind,
    /// What an ok read or dequeue returned.
    pub read: Option<Value>,
    /// What a compare-and-set found instead of what it expected.
    pub observed: Option<Option<Value>>,
    /// The version of what an ok read found or another operation made, where the system tells it.
    pub version: Option<Version>,
    /// Why it is not ok.
    pub error: Option<&'static str>,
}

/// Decides what a response means. When in doubt, info: a write that reached a single replica can
/// surface at any later time, so only a request that was never sent has failed for certain. A read
/// changes nothing, so one without an answer has simply failed; a dequeue without one may have taken
/// something out.
pub fn classify(operation: &Operation, response: Response) -> Completion {
    let done =
        Completion { kind: EventKind::Ok, read: None, observed: None, version: None, error: None };
    let not_ok = |kind, error| Completion { kind, error: Some(error), ..done };
    let unanswered = |error| match operation.action {
        Action::Read => not_ok(EventKind::Fail, error),
        Action::Write(_)
        | Action::Cas { .. }
        | Action::Add(_)
        | Action::Insert(_)
        | Action::Enqueue(_)
        | Action::Dequeue => not_ok(EventKind::Info, error),
    };
    match response {
        Response::Value(read) => Completion { read, ..done },
        Response::ValueAt(read, version) => Completion { read, version: Some(version), ..done },
        Response::Written => done,
        Response::WrittenAt(version) => Completion { version: Some(version), ..done },
        Response::Differs(found) => {
            Completion { observed: Some(found), ..not_ok(EventKind::Fail, "differs") }
        }
        Response::Unavailable => not_ok(EventKind::Fail, "unavailable"),
        Response::Refused => not_ok(EventKind::Fail, "refused"),
        Response::ConnectionLost => unanswered("connection-lost"),
        Response::TimedOut => unanswered("timed-out"),
        Response::Error(error) if error.is_definite => not_ok(EventKind::Fail, error.name),
        Response::Error(error) => unanswered(error.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_not_known_is_no_answer() {
        const TABLE: &[KnownError] = &[KnownError {
            says: "no leader",
            name: "no-leader",
            is_definite: true,
            because: "nobody was told",
        }];
        let of = |action, said| {
            let response = Response::Error(KnownError::find(TABLE, said));
            let completion = classify(&Operation { key: 0, action }, response);
            (completion.kind, completion.error)
        };
        let write = Action::Write(1);
        assert_eq!(of(write, "server: no leader"), (EventKind::Fail, Some("no-leader")));
        assert_eq!(of(write, "disk on fire"), (EventKind::Info, Some("unknown-error")));
        assert_eq!(of(Action::Read, "disk on fire"), (EventKind::Fail, Some("unknown-error")));
    }

    #[test]
    fn only_what_was_never_sent_has_failed_for_certain() {
        let kind = |action, response| classify(&Operation { key: 0, action }, response).kind;
        let objects = Object::ALL.map(|object| Action::change(object, 1));
        let others = [Action::Cas { expected: Some(1), new: 2 }, Action::Dequeue];
        for action in objects.into_iter().chain(others) {
            assert_eq!(kind(action, Response::Written), EventKind::Ok);
            assert_eq!(kind(action, Response::Refused), EventKind::Fail);
            assert_eq!(kind(action, Response::Differs(Some(2))), EventKind::Fail);
            assert_eq!(kind(action, Response::Unavailable), EventKind::Fail);
            assert_eq!(kind(action, Response::ConnectionLost), EventKind::Info);
            assert_eq!(kind(action, Response::TimedOut), EventKind::Info);
        }
        assert_eq!(kind(Action::Read, Response::Value(None)), EventKind::Ok);
        assert_eq!(kind(Action::Read, Response::TimedOut), EventKind::Fail);
    }
}
