//! How the log gets from the leader to the others, and when it is committed.

use super::{
    Call, Command, Context, DESPAIR, Deed, Entry, Follower, Insync, Led, Lost, Message, Mutant,
    NodeId, Position, Registered, Request, Role, Rules, Store, UNSETTLED_MOST,
};
use crate::protocol::ordered::{BATCH, Misfit};

impl<R: Rules> Led<R>
where
    Self: Registered,
{
    /// What a leader does at each tick.
    pub(super) fn lead_on(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leading(lead) = &mut self.role else { return };
        for follower in &mut lead.followers {
            follower.silence = follower.silence.saturating_add(1);
            follower.is_busy = false;
        }
        lead.followers[usize::from(cx.id())].silence = 0;
        let heard = lead.followers.iter().filter(|follower| follower.silence < DESPAIR).count();
        if R::GIVES_UP && heard < usize::from(cx.config().majority()) {
            self.resign();
            return;
        }
        self.review_insync(cx);
        self.beat(cx);
        self.replicate_to_all(cx);
    }

    /// Puts a request into the log, unless it is there already.
    pub(super) fn propose(&mut self, call: Call, cx: &mut Context<'_, Self>) {
        let takes_it = call.request == Request::Read || self.takes_writes(cx);
        let unsettled = self.ledger.log.last().index - self.ledger.applied();
        let Role::Leading(lead) = &mut self.role else { return };
        if takes_it
            && unsettled < UNSETTLED_MOST
            && !self.ledger.store.is_over(&call)
            && lead.proposed.insert((call.origin, call.serial))
        {
            self.append(Command::Carry(call), cx);
        }
    }

    /// Adds an entry to the log of the leader.
    pub(super) fn append(&mut self, command: Command, cx: &mut Context<'_, Self>) {
        let save = self.ledger.push(Entry { term: self.term, command });
        self.save(save, cx);
        self.change += 1;
        let matched = self.ledger.log.last().index;
        let done = Message::Appended { term: self.term, matched };
        if cx.config().is(Mutant::LeaderTrustsMemory) {
            cx.send(cx.id(), done);
        } else {
            self.journal.once_safe(Deed::Send(cx.id(), done), cx);
        }
        self.replicate_to_all(cx);
    }

    fn replicate_to_all(&mut self, cx: &mut Context<'_, Self>) {
        for to in 0..cx.config().n {
            self.replicate(to, cx);
        }
    }

    /// Sends a node what it lacks, unless something is on its way to it.
    fn replicate(&mut self, to: NodeId, cx: &mut Context<'_, Self>) {
        let (term, commit, log) = (self.term, self.commit, &self.ledger.log);
        let Role::Leading(lead) = &mut self.role else { return };
        let follower = &mut lead.followers[usize::from(to)];
        let is_up_to_date = follower.next > log.last().index && follower.told >= commit;
        let lacks = !is_up_to_date || follower.lost.is_some();
        if to == cx.id() || follower.is_busy || !lacks {
            return;
        }
        follower.is_busy = true;
        if let Some(lost) = follower.lost.take() {
            let (at, store) = (self.ledger.applied_position(), self.ledger.store.clone());
            follower.awaited = at.index;
            cx.send(to, Message::Install { term, lost, at, store: Box::new(store) });
            return;
        }
        let before = log.position(follower.next - 1).unwrap_or_else(|| log.base());
        // Otherwise an entry of the leader's own is on its way together with those before it.
        let is_old = log.get(before.index + 1).is_some_and(|entry| entry.term != term);
        let is_alone = is_old && cx.config().is(Mutant::CommitsOldTerms);
        let entries = log.between(before.index, u64::MAX, if is_alone { 1 } else { BATCH });
        follower.told = commit;
        follower.awaited = before.index + entries.len() as u64;
        cx.send(to, Message::Append { term, before, entries, commit });
    }

    /// Takes in what the leader sent.
    pub(super) fn copy(
        &mut self,
        from: NodeId,
        before: Position,
        entries: Vec<Entry>,
        commit: u64,
        cx: &mut Context<'_, Self>,
    ) {
        let matched = before.index + entries.len() as u64;
        let (term, applied) = (self.term, self.ledger.applied());
        let keeps = cx.config().is(Mutant::KeepsConflicts);
        let saves = match self.ledger.follow(before, entries, keeps) {
            Ok(saves) => saves,
            Err(misfit) => {
                let lost = Lost { change: self.change, parted: misfit == Misfit::Parted };
                cx.send(from, Message::Missing { term, applied, lost });
                return;
            }
        };
        for save in saves {
            self.change += 1;
            self.save(save, cx);
        }
        let done = Message::Appended { term, matched };
        if cx.config().is(Mutant::FollowerTrustsMemory) {
            cx.send(from, done);
        } else {
            self.journal.once_safe(Deed::Send(from, done), cx);
        }
        let unmatched = cx.config().is(Mutant::CommitsUnmatched);
        self.commit_to(if unmatched { commit } else { commit.min(matched) }, cx);
    }

    /// A node has the same log up to here, and safely.
    pub(super) fn copied(&mut self, from: NodeId, matched: u64, cx: &mut Context<'_, Self>) {
        let Role::Leading(lead) = &mut self.role else { return };
        let follower = &mut lead.followers[usize::from(from)];
        follower.silence = 0;
        // An answer that comes twice, or late, asks for nothing more: where messages are doubled, each would
        // be two of the next round, and those four of the one after.
        follower.is_busy &= matched < follower.awaited;
        follower.matched = follower.matched.max(matched);
        follower.next = follower.matched + 1;
        let required = |least| self.insync_at(least, cx);
        let committed = self.common(cx, |follower| follower.matched, required);
        // An entry of an earlier term is committed by one of this term after it.
        let is_own = self.ledger.log.get(committed).is_some_and(|entry| entry.term == self.term);
        if (is_own || cx.config().is(Mutant::CommitsOldTerms)) && committed > self.commit {
            self.commit_to(committed, cx);
            self.replicate_to_all(cx);
        } else {
            self.replicate(from, cx);
        }
    }

    /// The greatest value that enough nodes have reached, given who has to be among them.
    pub(super) fn common(
        &self,
        cx: &Context<'_, Self>,
        value: impl Fn(&Follower) -> u64,
        insync: impl Fn(u64) -> Insync,
    ) -> u64 {
        let Role::Leading(lead) = &self.role else { return 0 };
        let mut values: Vec<u64> = lead.followers.iter().map(&value).collect();
        values.sort_unstable_by(|a, b| b.cmp(a));
        values.dedup();
        let is_reached = |least: &u64| {
            let has = |(node, follower)| (value(follower) >= *least).then_some(node);
            let nodes = (0..).zip(&lead.followers).filter_map(has).collect();
            R::is_enough(cx.config(), cx.id(), nodes, insync(*least))
        };
        values.into_iter().find(is_reached).unwrap_or(0)
    }

    /// A node has another log, or too little of this one.
    pub(super) fn missed(
        &mut self,
        from: NodeId,
        applied: u64,
        lost: Lost,
        cx: &mut Context<'_, Self>,
    ) {
        let (base, last) = (self.ledger.log.base().index, self.ledger.log.last().index);
        let Role::Leading(lead) = &mut self.role else { return };
        let follower = &mut lead.followers[usize::from(from)];
        follower.silence = 0;
        follower.is_busy = false;
        follower.next = applied.max(follower.matched).min(last) + 1;
        let is_forgotten = follower.next <= base;
        follower.lost = (lost.parted || is_forgotten).then_some(lost);
        self.replicate(from, cx);
    }

    /// Takes over what the leader has applied, and throws away what there was.
    pub(super) fn install(
        &mut self,
        from: NodeId,
        lost: Lost,
        at: Position,
        store: Store,
        cx: &mut Context<'_, Self>,
    ) {
        if lost.change != self.change {
            return;
        }
        if !lost.parted && self.ledger.log.position(at.index) == Some(at) {
            // What it has is the same and perhaps more, which it may have promised to keep.
            self.commit_to(at.index, cx);
        } else {
            self.change += 1;
            let save = self.ledger.take_over(at, store);
            self.save(save, cx);
            self.commit = at.index;
        }
        let done = Message::Appended { term: self.term, matched: at.index };
        self.journal.once_safe(Deed::Send(from, done), cx);
        self.answer_reads(cx);
    }
}
