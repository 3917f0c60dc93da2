//! Who leads: terms, votes, and loyalty to whoever leads already.

use super::{
    BALLOT_ROOM, Candidate, Command, Context, Deed, Follower, LOYALTY, Lead, Led, Message, Mutant,
    NodeId, NodeSet, Position, Record, Registered, Role, Rules, Slot, Voter,
};
use std::collections::{BTreeSet, VecDeque};

impl Message {
    /// The term in which it was said, where that obliges whoever hears it.
    fn term(&self) -> Option<u64> {
        match self {
            Self::Propose(_) | Self::Where { .. } | Self::Canvass { trial: true, .. } => None,
            // Of a term that may never be.
            Self::Vote { trial: true, .. } => None,
            Self::Here { term, .. }
            | Self::Canvass { term, .. }
            | Self::Vote { term, .. }
            | Self::Append { term, .. }
            | Self::Appended { term, .. }
            | Self::Missing { term, .. }
            | Self::Install { term, .. }
            | Self::Beat { term, .. }
            | Self::Beaten { term, .. }
            | Self::Newer { term } => Some(*term),
        }
    }

    /// Whether its sender has to hear that its term is over.
    fn claims_to_lead(&self) -> bool {
        matches!(
            self,
            Self::Canvass { .. } | Self::Append { .. } | Self::Install { .. } | Self::Beat { .. }
        )
    }
}

impl<R: Rules> Led<R>
where
    Self: Registered,
{
    /// Whether a message concerns this node in its term. A newer term becomes its own first, unless
    /// somebody only wants to begin one while there is a leader.
    pub(super) fn is_of_this_term(
        &mut self,
        from: NodeId,
        message: &Message,
        cx: &mut Context<'_, Self>,
    ) -> bool {
        let Some(term) = message.term() else { return true };
        if term < self.term {
            if message.claims_to_lead() {
                cx.send(from, Message::Newer { term: self.term });
            }
            let is_order = matches!(message, Message::Append { .. } | Message::Beat { .. });
            return is_order && cx.config().is(Mutant::ObeysTheDeposed);
        }
        if term > self.term {
            if matches!(message, Message::Canvass { .. }) && self.is_loyal(cx) {
                return false;
            }
            self.resign();
            self.enter(term, None, cx);
        }
        true
    }

    /// Whether there is a leader as far as this node knows: then it helps nobody else.
    fn is_loyal(&self, cx: &Context<'_, Self>) -> bool {
        if cx.config().is(Mutant::Disloyal) {
            return false;
        }
        matches!(self.role, Role::Leading(_)) || self.silence < LOYALTY
    }

    fn enter(&mut self, term: u64, voted: Option<NodeId>, cx: &mut Context<'_, Self>) {
        (self.term, self.voted) = (term, voted);
        if cx.config().is(Mutant::ForgetsVote) {
            return;
        }
        let slot = Slot { room: BALLOT_ROOM, number: 0 };
        self.journal.save((slot, Record::Ballot { term, voted }), cx);
    }

    /// Leads no more, and knows of nobody who does.
    pub(super) fn resign(&mut self) {
        if matches!(self.role, Role::Leading(_)) {
            self.silence = LOYALTY;
        }
        self.role = Role::Following(None);
    }

    /// The leader of this term has spoken.
    pub(super) fn follow(&mut self, leader: NodeId) {
        self.role = Role::Following(Some(leader));
        self.silence = 0;
    }

    /// Asks for votes: first whether there would be enough, so that a node that was cut off does not
    /// disturb the others when it comes back (Ongaro 2014, section 9.6).
    pub(super) fn canvass(&mut self, trial: bool, cx: &mut Context<'_, Self>) {
        if matches!(self.role, Role::Leading(_)) {
            return;
        }
        self.role = Role::Canvassing { trial, votes: NodeSet::EMPTY };
        let last = self.ledger.log.last();
        let term = self.term + 1;
        if !trial {
            self.enter(term, None, cx);
        }
        cx.send_each(NodeSet::first(cx.config().n), &Message::Canvass { term, last, trial });
    }

    pub(super) fn canvassed(
        &mut self,
        from: NodeId,
        term: u64,
        last: Position,
        trial: bool,
        cx: &mut Context<'_, Self>,
    ) {
        if trial && term <= self.term {
            cx.send(from, Message::Newer { term: self.term });
            return;
        }
        let voter = Voter { last: self.ledger.log.last(), insync: self.latest_insync(cx).members };
        let candidate = Candidate { id: from, last };
        if self.is_loyal(cx) || !R::may_lead(cx.config(), candidate, &voter) {
            return;
        }
        let vote = Message::Vote { term, trial };
        if trial {
            cx.send(from, vote);
        } else if self.voted.is_none_or(|voted| voted == from) || cx.config().is(Mutant::VotesTwice)
        {
            self.enter(term, Some(from), cx);
            self.journal.once_safe(Deed::Send(from, vote), cx);
        }
    }

    pub(super) fn voted_for(
        &mut self,
        from: NodeId,
        term: u64,
        trial: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let own = self.term + u64::from(trial);
        let Role::Canvassing { trial: asked, votes } = &mut self.role else { return };
        if *asked != trial || term != own {
            return;
        }
        votes.insert(from);
        if votes.len() + u16::from(cx.config().is(Mutant::ElectsByLess)) < cx.config().majority() {
            return;
        }
        if trial {
            self.canvass(false, cx);
        } else {
            self.lead(cx);
        }
    }

    /// Begins to lead. Its first entry commits all that was left by those before it.
    fn lead(&mut self, cx: &mut Context<'_, Self>) {
        let last = self.ledger.log.last().index;
        let follower = Follower { next: last + 1, ..Follower::default() };
        self.role = Role::Leading(Box::new(Lead {
            first: last + 1,
            followers: vec![follower; usize::from(cx.config().n)],
            proposed: self.ledger.unsettled().collect(),
            round: 0,
            confirmed: 0,
            began: VecDeque::new(),
            sure_until: 0,
            asked: BTreeSet::new(),
        }));
        self.append(Command::Begin, cx);
        self.join_insync(cx);
        self.beat(cx);
    }
}
