//! A client of nodes that speak Maelstrom's protocol.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::mailbox::{Mailboxes, Party};
use super::post::{Letter, Slot};
use crate::client::{Client, Question, Response};
use crate::program::maelstrom::{Body, Message, question, understood};

/// A client, which has a name of its own on the network.
#[derive(Debug)]
pub(in crate::world::live) struct MaelstromClient {
    number: u32,
    answers: UnboundedReceiver<Body>,
    mailboxes: Arc<Mailboxes>,
    slot: Slot,
    asked: u64,
}

impl MaelstromClient {
    /// One that has asked nothing.
    pub(super) fn new(
        number: u32,
        answers: UnboundedReceiver<Body>,
        mailboxes: Arc<Mailboxes>,
        slot: Slot,
    ) -> Self {
        Self { number, answers, mailboxes, slot, asked: 0 }
    }
}

impl Client for MaelstromClient {
    async fn ask(&mut self, asked: Question) -> Response {
        if !self.mailboxes.is_open(asked.node) {
            return Response::Refused;
        }
        self.asked += 1;
        let (from, to) = (Party::Client(self.number), Party::Node(asked.node));
        let message = Message {
            src: format!("c{}", self.number + 1),
            dest: self.mailboxes.names()[usize::from(asked.node)].clone(),
            body: question(&asked.operation, self.asked),
        };
        self.slot.send(Letter { from, to, message });
        while let Some(body) = self.answers.recv().await {
            let number = body.get("in_reply_to").and_then(serde_json::Value::as_u64);
            // Answers to what was given up come late, or twice.
            if number == Some(self.asked) {
                return understood(asked.operation.action, &body);
            }
        }
        Response::ConnectionLost
    }
}
