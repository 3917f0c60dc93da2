//! A small HTTP contract: `GET /KEY`, `PUT /KEY`, and a conditional `PUT` for compare-and-set. Values are
//! numbers in decimal digits. `docs/http.md` is the page for those who keep it.

use std::net::SocketAddr;

use hyper::header::{IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request};

use crate::client::{Action, Client, KnownError, Question, Response};
use crate::http::{Answer, Http, NoAnswer};
use crate::protocol::Value;

/// A status, and what it means for an operation that changes something.
#[derive(Debug)]
pub struct Status {
    /// The number.
    pub code: u16,
    /// What it means.
    pub error: KnownError,
}

const fn row(code: u16, name: &'static str, is_definite: bool, because: &'static str) -> Status {
    Status { code, error: KnownError { says: name, name, is_definite, because } }
}

/// All statuses that are not ok and mean something. Others leave everything open.
pub const STATUSES: &[Status] = &[
    row(400, "bad-request", true, "the node did not understand it"),
    row(404, "not-found", true, "there was nothing to do it to"),
    row(405, "method-not-allowed", true, "the node does not know how"),
    row(408, "request-timeout", false, "it may have been done, or be done later"),
    row(409, "conflict", true, "the node says that it has not done it"),
    row(412, "precondition-failed", true, "the value was another one"),
    row(421, "misdirected-request", true, "the node says that another one must be asked"),
    row(429, "too-many-requests", true, "refused before it was begun"),
    row(500, "internal-server-error", false, "the node went wrong somewhere on the way"),
    row(501, "not-implemented", true, "the node does not know how"),
    row(502, "bad-gateway", false, "somebody whom the node asked may have done it"),
    row(503, "service-unavailable", false, "also said when an answer from elsewhere does not come"),
    row(504, "gateway-timeout", false, "it may have been done, or be done later"),
];

/// A client of nodes at these addresses.
#[derive(Debug)]
pub struct HttpClient {
    addresses: Vec<SocketAddr>,
    http: Http,
}

impl HttpClient {
    /// One without a connection.
    pub fn new(addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, http: Http::default() }
    }
}

impl Client for HttpClient {
    async fn ask(&mut self, Question { node, operation, .. }: Question) -> Response {
        let address = self.addresses[usize::from(node)];
        let path = format!("/{}", operation.key);
        let any = || (IF_NONE_MATCH, "*".to_owned());
        let holds = |value: Value| (IF_MATCH, format!("\"{value}\""));
        let (method, condition, body) = match operation.action {
            Action::Read => (Method::GET, None, String::new()),
            Action::Write(value) => (Method::PUT, None, value.to_string()),
            Action::Cas { expected, new } => {
                (Method::PUT, Some(expected.map_or_else(any, holds)), new.to_string())
            }
            _ => return Response::Unavailable,
        };
        let mut request = Request::builder().method(method).uri(path);
        if let Some((name, value)) = condition {
            request = request.header(name, value);
        }
        match self.http.send(address, request, body).await {
            Ok(answer) => understood(operation.action, &answer),
            Err(NoAnswer::Refused) => Response::Refused,
            Err(NoAnswer::Broken) => Response::ConnectionLost,
        }
    }

    fn disconnect(&mut self) {
        self.http.close();
    }
}

/// Whether a node answers, whatever it says.
pub async fn answers(address: SocketAddr) -> Result<(), String> {
    let answer = Http::default().send(address, Request::get("/0"), String::new()).await;
    answer.map(drop).map_err(|error| format!("at {address} {error}"))
}

/// What an answer means.
fn understood(action: Action, answer: &Answer) -> Response {
    let number = || std::str::from_utf8(&answer.body).ok()?.trim().parse::<Value>().ok();
    match (action, answer.status) {
        (Action::Read, 404) => Response::Value(None),
        (Action::Read, 200) => number()
            .map_or(Response::Error(&KnownError::UNKNOWN), |value| Response::Value(Some(value))),
        (Action::Write(_) | Action::Cas { .. }, 200 | 201 | 204) => Response::Written,
        (Action::Cas { .. }, 412) if number().is_some() => Response::Differs(number()),
        (_, status) => {
            let known = STATUSES.iter().find(|row| row.code == status);
            Response::Error(known.map_or(&KnownError::UNKNOWN, |row| &row.error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(action: Action, status: u16, body: &'static str) -> Response {
        understood(action, &Answer { status, body: body.into() })
    }

    const WRITE: Action = Action::Write(1);
    const CAS: Action = Action::Cas { expected: Some(1), new: 2 };

    #[test]
    fn answers_are_understood() {
        assert_eq!(answered(Action::Read, 200, "12\n"), Response::Value(Some(12)));
        assert_eq!(answered(Action::Read, 404, "nothing here"), Response::Value(None));
        assert_eq!(answered(Action::Read, 200, "<html>"), Response::Error(&KnownError::UNKNOWN));
        assert_eq!(answered(WRITE, 204, ""), Response::Written);
        assert_eq!(answered(CAS, 201, ""), Response::Written);
        assert_eq!(answered(CAS, 412, "7"), Response::Differs(Some(7)));
        assert!(matches!(answered(CAS, 412, ""), Response::Error(error) if error.is_definite));
    }

    #[test]
    fn a_status_is_in_doubt_unless_the_table_is_sure() {
        let is_definite = |status| match answered(WRITE, status, "") {
            Response::Error(error) => error.is_definite,
            other => panic!("{other:?}"),
        };
        assert!([400, 404, 405, 409, 412, 421, 429, 501].into_iter().all(is_definite));
        assert!(![408, 500, 502, 503, 504, 302, 418, 599].into_iter().any(is_definite));
    }
}
