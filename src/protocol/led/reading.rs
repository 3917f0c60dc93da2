//! Reads that do not go through the log: how far a node must be to answer them.

use super::{
    ClientReply, Context, LEASE, Led, Message, Mutant, NodeId, Reads, Registered, Role, Rules,
    TICKS,
};

impl<R: Rules> Led<R>
where
    Self: Registered,
{
    /// A node asks how far it must be to answer a read.
    pub(super) fn locate(&mut self, from: NodeId, serial: u64, cx: &mut Context<'_, Self>) {
        let (term, index, reads) = (self.term, self.commit, cx.config().reads);
        let Role::Leading(lead) = &mut self.role else { return };
        let is_sure = match reads {
            Reads::Sync | Reads::Any => true,
            Reads::Lease => cx.now < lead.sure_until,
            Reads::Log | Reads::ReadIndex | Reads::Tail => cx.config().is(Mutant::ReadsUnconfirmed),
        };
        let knows = index >= lead.first || cx.config().is(Mutant::ReadsBeforeOwnEntry);
        if is_sure && knows {
            cx.send(from, Message::Here { term, serial, index });
            return;
        }
        lead.asked.insert((lead.round + 1, from, serial));
        if lead.round == lead.confirmed {
            self.beat(cx);
        }
    }

    /// Asks all whether this node still leads.
    pub(super) fn beat(&mut self, cx: &mut Context<'_, Self>) {
        let (term, own) = (self.term, cx.id());
        let unmatched = cx.config().is(Mutant::CommitsUnmatched);
        let Role::Leading(lead) = &mut self.role else { return };
        lead.round += 1;
        let round = lead.round;
        if cx.config().reads == Reads::Lease {
            lead.began.push_back((round, cx.now));
        }
        for (to, follower) in (0..).zip(&lead.followers) {
            if to != own {
                let commit =
                    if unmatched { self.commit } else { self.commit.min(follower.matched) };
                cx.send(to, Message::Beat { term, round, commit });
            }
        }
        self.confirmed_by(own, round, cx);
    }

    /// A node has answered a round.
    pub(super) fn confirmed_by(&mut self, from: NodeId, round: u64, cx: &mut Context<'_, Self>) {
        let Role::Leading(lead) = &mut self.role else { return };
        let follower = &mut lead.followers[usize::from(from)];
        follower.silence = 0;
        follower.round = follower.round.max(round);
        let required = self.insync_of_all(cx);
        let confirmed = self.common(cx, |follower| follower.round, |_| required);
        let Role::Leading(lead) = &mut self.role else { return };
        lead.confirmed = lead.confirmed.max(confirmed);
        while let Some((round, began)) = lead.began.front().copied()
            && round <= lead.confirmed
        {
            lead.began.pop_front();
            let lease = if cx.config().is(Mutant::LeaseTooLong) { 40 * LEASE } else { LEASE };
            lead.sure_until = began + lease * (cx.patience() / TICKS);
        }
        self.release_reads(cx);
    }

    /// Answers those reads whose round is over, and begins another for the others.
    fn release_reads(&mut self, cx: &mut Context<'_, Self>) {
        let (term, index) = (self.term, self.commit);
        let Role::Leading(lead) = &mut self.role else { return };
        if index < lead.first && !cx.config().is(Mutant::ReadsBeforeOwnEntry) {
            return;
        }
        let rest = lead.asked.split_off(&(lead.confirmed + 1, 0, 0));
        for (_, from, serial) in std::mem::replace(&mut lead.asked, rest) {
            cx.send(from, Message::Here { term, serial, index });
        }
        if lead.round == lead.confirmed && !lead.asked.is_empty() {
            self.beat(cx);
        }
    }

    /// The leader says how far this node must be.
    pub(super) fn located(&mut self, serial: u64, index: u64, cx: &mut Context<'_, Self>) {
        let index = if cx.config().is(Mutant::ReadsUnapplied) { 0 } else { index };
        self.reads.insert((index, serial));
        self.answer_reads(cx);
    }

    /// Answers those reads for which enough is applied.
    pub(super) fn answer_reads(&mut self, cx: &mut Context<'_, Self>) {
        let rest = self.reads.split_off(&(self.ledger.applied() + 1, 0));
        for (_, serial) in std::mem::replace(&mut self.reads, rest) {
            if let Some(errand) = self.errands.get(serial) {
                self.is_fresh = true;
                let reply = ClientReply::Value(self.ledger.store.read(errand.key));
                self.finish(serial, reply, cx);
            }
        }
    }
}
