//! A client of whatever system.

use std::pin::Pin;

use crate::client::{Client, Question, Response};

/// A client of whatever system.
pub struct AnyClient(Box<dyn Boxed>);

impl AnyClient {
    /// Hides what kind of client it is.
    pub fn new(client: impl Client) -> Self {
        Self(Box::new(client))
    }
}

impl Client for AnyClient {
    async fn ask(&mut self, question: Question) -> Response {
        self.0.ask(question).await
    }

    async fn idle(&mut self) {
        self.0.idle().await;
    }

    fn disconnect(&mut self) {
        self.0.disconnect();
    }
}

/// A future of a client, which is busy with it.
type Borrowing<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The same as [`Client`], but its futures are boxed.
trait Boxed: Send {
    fn ask(&mut self, question: Question) -> Borrowing<'_, Response>;
    fn idle(&mut self) -> Borrowing<'_, ()>;
    fn disconnect(&mut self);
}

impl<C: Client> Boxed for C {
    fn ask(&mut self, question: Question) -> Borrowing<'_, Response> {
        Box::pin(Client::ask(self, question))
    }

    fn idle(&mut self) -> Borrowing<'_, ()> {
        Box::pin(Client::idle(self))
    }

    fn disconnect(&mut self) {
        Client::disconnect(self);
    }
}
