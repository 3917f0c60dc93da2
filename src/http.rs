//! HTTP over one connection to one address.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A connection, which is made when it is needed.
#[derive(Debug, Default)]
pub struct Http {
    open: Option<(SocketAddr, SendRequest<Full<Bytes>>)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing was sent.
    #[error("the connection is refused")]
    Refused,
    /// The connection broke after something may have been sent.
    #[error("the connection broke")]
    Broken,
}

/// An answer, whatever it says.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body, whole.
    pub body: Bytes,
}

impl Answer {
    /// The answer as JSON, if it is.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The beginning of it, for people.
    pub fn text(&self) -> String {
        const LONGEST: usize = 200;
        let text: String = String::from_utf8_lossy(&self.body).chars().take(LONGEST).collect();
        format!("{} {}", self.status, text.trim())
    }
}

impl Http {
    /// Posts a document to a path at an address, over the connection that is there if it leads there.
    pub async fn post(
        &mut self,
        address: SocketAddr,
        path: &str,
        document: &Value,
    ) -> Result<Answer, NoAnswer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(CONTENT_TYPE, "application/json");
        self.send(address, request, document.to_string()).await
    }

    /// Sends a request to an address, over the connection that is there if it leads there.
    ///
    /// # Panics
    /// If the request has a path or a header that cannot be one.
    pub async fn send(
        &mut self,
        address: SocketAddr,
        request: Builder,
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let request = request.header(HOST, address.to_string());
        let request = request.body(Full::new(Bytes::from(body))).expect("a request of ours");
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
    pub fn close(&mut self) {
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
