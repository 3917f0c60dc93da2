//! The coordinator: operations in phases, each of which begins again in the next stage.

use super::super::NodeId;
use super::super::machine::Context;
use super::super::message::{ClientReply, ClientRequest, Request, RequestId};
use super::super::set::NodeSet;
use super::super::version::Stored;
use super::{Members, Message, Pending};

impl Members {
    /// Begins a phase of an operation, perhaps once more.
    pub(super) fn ask(&mut self, place: usize, cx: &mut Context<'_, Self>) {
        let pending = &mut self.pending[place];
        pending.phase = self.next;
        self.next += 1;
        pending.answered = NodeSet::EMPTY;
        let Pending { phase, stage, request: ClientRequest { key, .. }, .. } = *pending;
        let message = match pending.store {
            None => Message::Query { phase, stage, key },
            Some((stored, _)) => Message::Store { phase, stage, key, stored },
        };
        cx.send_each(stage.members(cx.config()), &message);
    }

    pub(super) fn answered(
        &mut self,
        from: NodeId,
        phase: u64,
        stored: Stored,
        cx: &mut Context<'_, Self>,
    ) {
        let place = self.pending.iter().position(|pending| pending.phase == phase);
        let Some(place) = place else { return };
        let pending = &mut self.pending[place];
        pending.answered.insert(from);
        pending.latest = pending.latest.max(stored);
        if !pending.stage.is_quorum(cx.config(), pending.answered) {
            return;
        }
        let (id, latest) = (pending.request.id, pending.latest);
        match (pending.store, pending.request.request) {
            (Some((_, reply)), _) => self.finish(place, id, reply, cx),
            (None, Request::Write(value)) => {
                let next = latest.version.counter + 1;
                let stored = Stored::new(next, pending.request.process, value);
                pending.store = Some((stored, ClientReply::Written));
                self.ask(place, cx);
            }
            (None, _) if latest.value.is_none() => {
                self.finish(place, id, ClientReply::Value(None), cx);
            }
            (None, _) => {
                pending.store = Some((latest, ClientReply::Value(latest.value)));
                self.ask(place, cx);
            }
        }
    }

    fn finish(
        &mut self,
        place: usize,
        id: RequestId,
        reply: ClientReply,
        cx: &mut Context<'_, Self>,
    ) {
        self.pending.swap_remove(place);
        cx.reply(id, reply);
    }
}
