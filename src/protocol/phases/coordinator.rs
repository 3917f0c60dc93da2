//! The coordinator: it puts the question of a phase to replicas, gathers their answers, and goes on.

use super::super::machine::{Context, Timer};
use super::super::message::ClientReply;
use super::super::registry::Registered;
use super::super::replica::Held;
use super::super::set::NodeSet;
use super::super::{Mutant, NodeId};
use super::asking::{self, Need, Part};
use super::message::{Message, OpId, Question};
use super::{Asks, Gathered, LATE, Next, Pending, Phase, Phased, Phases, SUSPICION_SHARE};
use crate::time::Nanos;

impl<P: Phased> Pending<P> {
    /// Goes off when those who have not answered this phase are late.
    fn late_timer(&self) -> Timer {
        Timer { kind: LATE, number: self.serial << 3 | u64::from(self.phases) }
    }

    /// Puts the question of the phase to some replicas.
    fn say(&self, op: OpId, to: NodeSet, cx: &mut Context<'_, Phases<P>>)
    where
        Phases<P>: Registered,
    {
        let key = self.key;
        let message = match &self.phase {
            Phase::Query => Message::Query { op, key },
            Phase::Digest => Message::Digest { op, key },
            Phase::Store(held) => Message::Store { op, key, held: held.clone() },
        };
        let me = cx.id();
        if self.phase.question() == Question::Digest && to.contains(me) {
            cx.send(me, Message::Query { op, key });
            cx.send_each(to.without(me), &message);
        } else {
            cx.send_each(to, &message);
        }
    }
}

impl<P: Phased> Phases<P>
where
    Self: Registered,
{
    /// Begins a phase of an operation.
    pub(super) fn ask(&mut self, op: OpId, phase: Phase<P::Held>, cx: &mut Context<'_, Self>) {
        let suspects = self.suspects;
        let Some(pending) = self.pending(op) else { return };
        let gathered = &mut pending.gathered;
        gathered.nodes = NodeSet::EMPTY;
        gathered.found.clear();
        if phase == Phase::Query {
            // What was found without its value before does not count.
            gathered.merged = P::Held::default();
        }
        let is_read = !pending.is_write && phase.question() != Question::Store;
        gathered.need = if is_read { Need::Read } else { Need::Write };
        gathered.part =
            asking::choose(cx.config(), cx.id(), pending.request, gathered.need, suspects);
        pending.phase = phase;
        pending.phases += 1;
        let timer = pending.late_timer();
        pending.say(op, pending.gathered.part.asked, cx);
        if matches!(cx.config().asks, Asks::Enough | Asks::Alive) {
            cx.set_timer(cx.patience() / SUSPICION_SHARE, 0, timer);
        }
    }

    /// Those who have not answered a phase yet are suspected. Others are asked in their place, or fewer are
    /// enough.
    pub(super) fn late(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        let slot = self.slots.iter().position(|pending| {
            pending.as_ref().is_some_and(|pending| pending.late_timer() == timer)
        });
        let Some(slot) = slot else { return };
        let Some(pending) = &mut self.slots[slot] else { return };
        let op = OpId { serial: pending.serial, slot: slot as u32 };
        let Gathered { part, nodes, .. } = &mut pending.gathered;
        let silent: NodeSet =
            part.counted_on.iter().filter(|node| !nodes.contains(*node)).collect();
        self.suspects = self.suspects.iter().chain(silent.iter()).collect();
        if cx.config().asks == Asks::Alive {
            part.counted_on =
                part.counted_on.iter().filter(|node| !silent.contains(*node)).collect();
            self.go_on(op, cx);
            return;
        }
        let all = NodeSet::first(cx.config().n);
        let others = all.iter().filter(|node| !part.asked.contains(*node)).collect();
        *part = Part { asked: all, counted_on: all };
        pending.say(op, others, cx);
    }

    /// A replica has answered.
    pub(super) fn answered(
        &mut self,
        op: OpId,
        question: Question,
        from: NodeId,
        held: Option<P::Held>,
        cx: &mut Context<'_, Self>,
    ) {
        let is_mixed = cx.config().is(Mutant::PhasesMixed);
        let counts = |pending: &&mut Pending<P>| {
            let asked = pending.phase.question();
            // Of digests one has the value with it.
            asked == question
                || (asked, question) == (Question::Digest, Question::Query)
                || is_mixed
        };
        let Some(pending) = self.pending(op).filter(counts) else { return };
        let gathered = &mut pending.gathered;
        if gathered.nodes.contains(from) {
            return;
        }
        gathered.nodes.insert(from);
        if let Some(held) = held {
            gathered.merged.merge(&held);
            gathered.found.push((from, held));
        }
        self.go_on(op, cx);
    }

    /// Does what is next after what was gathered so far.
    fn go_on(&mut self, op: OpId, cx: &mut Context<'_, Self>) {
        let slot = self.slots.get_mut(op.slot as usize).and_then(Option::as_mut);
        let Some(pending) = slot else { return };
        match self.protocol.go_on(cx.config(), &mut pending.goal, &pending.gathered) {
            Next::Wait => {}
            Next::Phase(phase) => self.ask(op, phase, cx),
            Next::Reply(reply) => self.finish(op, reply, cx),
            Next::ReplyAndRepair(reply, held) => {
                self.repair(op, &held, cx);
                self.finish(op, reply, cx);
            }
        }
    }

    /// Sends what a read found to the replicas that are known to lag behind. Nobody waits for it.
    fn repair(&mut self, op: OpId, held: &P::Held, cx: &mut Context<'_, Self>) {
        let Some(pending) = self.pending(op) else { return };
        let key = pending.key;
        for (node, found) in &pending.gathered.found {
            if !found.covers(held) {
                cx.send(*node, Message::Repair { op, key, held: held.clone() });
            }
        }
    }

    /// The operation, unless it is answered or forgotten.
    fn pending(&mut self, op: OpId) -> Option<&mut Pending<P>> {
        let slot = self.slots.get_mut(op.slot as usize)?;
        slot.as_mut().filter(|pending| pending.serial == op.serial)
    }

    fn finish(&mut self, op: OpId, reply: ClientReply, cx: &mut Context<'_, Self>) {
        if let Some(pending) = self.forget(op) {
            cx.reply(pending.request, reply);
        }
    }

    fn forget(&mut self, op: OpId) -> Option<Pending<P>> {
        self.pending(op)?;
        self.free.push(op.slot);
        self.slots[op.slot as usize].take()
    }

    /// Operations without a quorum stay unanswered; their clients have long given up.
    pub(super) fn forget_expired(&mut self, now: Nanos) {
        while let Some((at, op)) = self.expiry.front().copied() {
            if at > now {
                break;
            }
            self.expiry.pop_front();
            self.forget(op);
        }
    }
}
