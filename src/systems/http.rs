//! HTTP with JSON, over one connection to one address.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection, which is made when it is needed.
#[derive(Debug, Default)]
pub(super) struct Http {
    open: Option<(SocketAddr, SendRequest<Full<Bytes>>)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Nothing was sent.
    #[error("the connection is refused")]
    Refused,
    /// The connection broke after something may have been sent.
    #[error("the connection broke")]
    Broken,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Answer {
    /// The answer as JSON, if it is.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The beginning of it, for people.
    pub(super) fn text(&self) -> String {
        const LONGEST: usize = 200;
        let text: String = String::from_utf8_lossy(&self.body).chars().take(LONGEST).collect();
        format!("{} {}", self.status, text.trim())
    }
}

impl Http {
    /// Posts a document to a path at an address, over the connection that is there if it leads there.
    pub(super) async fn post(
        &mut self,
        address: SocketAddr,
        path: &str,
        document: &Value,
    ) -> Result<Answer, NoAnswer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(document.to_string())))
            .expect("a path of ours");
        let sender = self.connect(address).await?;
        let answered = sender.send_request(request).await;
        let collected = match answered {
            Ok(response) => {
                let status = response.status().as_u16();
                response.into_body().collect().await.map(|body| (status, body.to_bytes()))
            }
            Err(error) => Err(error),
        };
        collected.map(|(status, body)| Answer { status, body }).map_err(|_| {
            self.open = None;
            NoAnswer::Broken
        })
    }

    /// Drops the connection.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    async fn connect(
        &mut self,
        address: SocketAddr,
    ) -> Result<&mut SendRequest<Full<Bytes>>, NoAnswer> {
        let is_usable = match &mut self.open {
            Some((to, sender)) => *to == address && sender.ready().await.is_ok(),
            None => false,
        };
        if !is_usable {
            self.open = None;
            let stream = TcpStream::connect(address).await.map_err(|_| NoAnswer::Refused)?;
            stream.set_nodelay(true).map_err(|_| NoAnswer::Refused)?;
            let (sender, connection) =
                handshake(TokioIo::new(stream)).await.map_err(|_| NoAnswer::Refused)?;
            // It ends with the sender.
            tokio::spawn(connection);
            self.open = Some((address, sender));
        }
        self.open.as_mut().map(|(_, sender)| sender).ok_or(NoAnswer::Refused)
    }
}
