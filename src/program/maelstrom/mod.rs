//! Maelstrom's protocol: a JSON object a line over standard input and output
//! (<https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md>), and its workload lin-kv.

mod errors;
mod services;

pub use errors::{ERRORS, ErrorCode};
pub use services::{Service, Services};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::client::{Action, KnownError, Operation, Response};

/// Who asks nodes to get ready.
pub const HARNESS: &str = "c0";

/// What goes from one party to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who sends it.
    pub src: String,
    /// To whom.
    pub dest: String,
    /// What it says.
    pub body: Body,
}

/// What a message says.
pub type Body = Map<String, Json>;

impl Message {
    /// The message in a line; if it is none, why not.
    pub fn parse(line: &str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| error.to_string())
    }

    /// The line that is this message, its end included.
    ///
    /// # Panics
    /// Never: texts and numbers can be written as JSON.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON") + "\n"
    }

    /// The number of the message that this one answers.
    pub fn in_reply_to(&self) -> Option<u64> {
        self.body.get("in_reply_to")?.as_u64()
    }

    /// Whether it is of this type.
    pub fn is(&self, kind: &str) -> bool {
        self.body.get("type").is_some_and(|found| found == kind)
    }
}

/// What a node is asked before anything else.
pub fn init(node: &str, all: &[String]) -> Message {
    let body = json!({ "type": "init", "msg_id": 1, "node_id": node, "node_ids": all });
    Message { src: HARNESS.to_owned(), dest: node.to_owned(), body: fields(body) }
}

/// An operation of lin-kv.
pub fn question(operation: &Operation, number: u64) -> Body {
    let key = operation.key;
    let mut body = fields(match operation.action {
        Action::Read => json!({ "type": "read", "key": key }),
        Action::Write(value) => json!({ "type": "write", "key": key, "value": value }),
        Action::Cas { expected, new } => {
            json!({ "type": "cas", "key": key, "from": expected, "to": new })
        }
        // None of lin-kv; a node says so.
        other => json!({ "type": other.name(), "key": key }),
    });
    body.insert("msg_id".to_owned(), number.into());
    body
}

/// What the answer to an operation of lin-kv means. A key that does not exist was never written.
pub fn understood(action: Action, answer: &Body) -> Response {
    const KEY_DOES_NOT_EXIST: u64 = 20;
    let kind = answer.get("type").and_then(Json::as_str).unwrap_or_default();
    match (action, kind) {
        (Action::Read, "read_ok") => match answer.get("value") {
            None | Some(Json::Null) => Response::Value(None),
            Some(value) => value.as_i64().map_or(Response::Error(&KnownError::UNKNOWN), |value| {
                Response::Value(Some(value))
            }),
        },
        (Action::Write(_), "write_ok") | (Action::Cas { .. }, "cas_ok") => Response::Written,
        (_, "error") => match (action, answer.get("code").and_then(Json::as_u64)) {
            (Action::Read, Some(KEY_DOES_NOT_EXIST)) => Response::Value(None),
            (Action::Cas { expected: Some(_), .. }, Some(KEY_DOES_NOT_EXIST)) => {
                Response::Differs(None)
            }
            (_, code) => Response::Error(ErrorCode::find(code)),
        },
        _ => Response::Error(&KnownError::UNKNOWN),
    }
}

/// The fields of an object.
fn fields(object: Json) -> Body {
    match object {
        Json::Object(fields) => fields,
        _ => Body::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(action: Action, body: Json) -> Response {
        understood(action, &fields(body))
    }

    const CAS: Action = Action::Cas { expected: Some(1), new: 2 };

    #[test]
    fn a_line_is_a_message_or_says_why_not() {
        let line = r#"{"id":7,"src":"n1","dest":"c1","body":{"type":"read_ok","in_reply_to":3}}"#;
        let message = Message::parse(line).expect("it is one");
        assert!(message.is("read_ok") && message.in_reply_to() == Some(3));
        assert_eq!(Message::parse(&message.line()), Ok(message));
        for (line, why) in [
            ("hello", "expected value"),
            (r#"{"src":"n1","body":{}}"#, "missing field `dest`"),
            (r#"{"src":"n1","dest":"n2","body":7}"#, "expected a map"),
        ] {
            let error = Message::parse(line).expect_err("it is none");
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn answers_are_understood() {
        let read =
            |value: Json| answered(Action::Read, json!({ "type": "read_ok", "value": value }));
        assert_eq!(read(json!(4)), Response::Value(Some(4)));
        assert_eq!(read(json!(null)), Response::Value(None));
        assert_eq!(read(json!("four")), Response::Error(&KnownError::UNKNOWN));
        assert_eq!(answered(Action::Write(1), json!({ "type": "write_ok" })), Response::Written);
        assert_eq!(answered(CAS, json!({ "type": "cas_ok" })), Response::Written);
        assert_eq!(
            answered(Action::Write(1), json!({ "type": "cas_ok" })),
            Response::Error(&KnownError::UNKNOWN)
        );
    }

    #[test]
    fn a_key_that_does_not_exist_was_never_written() {
        let missing = json!({ "type": "error", "code": 20, "text": "not found" });
        assert_eq!(answered(Action::Read, missing.clone()), Response::Value(None));
        assert_eq!(answered(CAS, missing.clone()), Response::Differs(None));
        // Nothing was expected, and nothing is there: it must have been something else.
        let create = Action::Cas { expected: None, new: 2 };
        assert!(matches!(answered(create, missing), Response::Error(error) if error.is_definite));
    }

    #[test]
    fn codes_are_definite_as_maelstrom_has_them() {
        let is_definite =
            |code: Json| match answered(Action::Write(1), json!({ "type": "error", "code": code }))
            {
                Response::Error(error) => error.is_definite,
                other => panic!("{other:?}"),
            };
        for code in [1, 10, 11, 12, 14, 20, 21, 22, 30] {
            assert!(is_definite(json!(code)), "{code}");
        }
        for code in [json!(0), json!(13), json!(2), json!(1000), json!("11"), json!(null)] {
            assert!(!is_definite(code.clone()), "{code}");
        }
    }
}
