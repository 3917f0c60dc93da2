//! Clients: a task each, which asks one question at a time.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::background::Background;
use crate::client::{Client, Question, Response};
use crate::time::Nanos;
use crate::world::Happening;

/// All clients of a run.
#[derive(Debug)]
pub struct Clients {
    questions: Vec<mpsc::UnboundedSender<Question>>,
    _background: Background,
}

impl Clients {
    /// Lets clients ask, from a network namespace if one is named. Each waits `patience` for an answer. `tell` is told what they learn, with
    /// the time since `began` at which they learned it; its false ends a client.
    pub fn start(
        clients: impl IntoIterator<Item = impl Client>,
        namespace: Option<&str>,
        patience: Nanos,
        began: Instant,
        tell: impl Fn(Nanos, Happening) -> bool + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let background = Background::start("clients", namespace)?;
        let patience = Duration::from_nanos(patience);
        let mut questions = Vec::new();
        for client in clients {
            let (sender, queue) = mpsc::unbounded_channel();
            questions.push(sender);
            background.spawn(serve(client, queue, patience, began, tell.clone()));
        }
        Ok(Self { questions, _background: background })
    }

    /// Lets a process ask. It keeps its client through all its numbers.
    pub fn invoke(&self, question: Question) {
        let place = question.process as usize % self.questions.len();
        // A client ends with the run only.
        let _ = self.questions[place].send(question);
    }
}

async fn serve(
    mut client: impl Client,
    mut queue: mpsc::UnboundedReceiver<Question>,
    patience: Duration,
    began: Instant,
    tell: impl Fn(Nanos, Happening) -> bool,
) {
    loop {
        let question = tokio::select! {
            biased;
            question = queue.recv() => question,
            () = client.idle() => {
                client.disconnect();
                continue;
            }
        };
        let Some(question) = question else { return };
        let response = timeout(patience, client.ask(question)).await.unwrap_or_else(|_| {
            client.disconnect();
            Response::TimedOut
        });
        let at = began.elapsed().as_nanos() as Nanos;
        if !tell(at, Happening { process: question.process, response }) {
            return;
        }
    }
}
