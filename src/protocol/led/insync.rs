//! Who is in sync. The log says it, so whoever votes knows what it has of the log.
//!
//! Whether the nodes of a set are to be followed is decided by a majority: by then every majority that
//! elects a leader has somebody in it who knows. A node votes for nobody, not even for itself, who is not
//! in sync as far as it knows.

use super::{Command, Context, Insync, LOYALTY, Led, NodeId, NodeSet, Registered, Role, Rules};

impl<R: Rules> Led<R>
where
    Self: Registered,
{
    /// Who is in sync once the log is applied up to here.
    pub(super) fn insync_at(&self, index: u64, cx: &Context<'_, Self>) -> Insync {
        let unsettled = self.unsettled_insync(index, cx).next();
        let all = || NodeSet::first(cx.config().n);
        Insync {
            members: unsettled.or(self.ledger.store.insync).unwrap_or_else(all),
            is_settled: unsettled.is_none(),
        }
    }

    /// Who is in sync by all of the log.
    pub(super) fn latest_insync(&self, cx: &Context<'_, Self>) -> Insync {
        self.insync_at(self.ledger.log.last().index, cx)
    }

    /// Whoever is in sync, as it is or as it may become. Nobody else can come to lead.
    pub(super) fn insync_of_all(&self, cx: &Context<'_, Self>) -> Insync {
        let settled = self.insync_at(self.ledger.applied(), cx).members;
        let unsettled = self.unsettled_insync(u64::MAX, cx).flat_map(NodeSet::iter);
        Insync { members: settled.iter().chain(unsettled).collect(), is_settled: true }
    }

    /// What the log says up to here that is not applied, the last first.
    fn unsettled_insync(
        &self,
        index: u64,
        cx: &Context<'_, Self>,
    ) -> impl Iterator<Item = NodeSet> {
        let to = if R::keeps_insync(cx.config()) { index } else { 0 };
        let indices = self.ledger.applied() + 1..=to.min(self.ledger.log.last().index);
        indices.rev().filter_map(|index| match self.ledger.log.get(index)?.command {
            Command::Insync(members) => Some(members),
            Command::Begin | Command::Carry(_) => None,
        })
    }

    /// Whether there are enough nodes in sync for a write.
    pub(super) fn takes_writes(&self, cx: &Context<'_, Self>) -> bool {
        !R::keeps_insync(cx.config())
            || self.latest_insync(cx).members.len() >= cx.config().min_insync
    }

    /// A leader that was not in sync is so from now on, and nobody else.
    pub(super) fn join_insync(&mut self, cx: &mut Context<'_, Self>) {
        let id: NodeId = cx.id();
        if R::keeps_insync(cx.config()) && !self.latest_insync(cx).members.contains(id) {
            self.append(Command::Insync([id].into_iter().collect()), cx);
        }
    }

    /// Drops those from the nodes in sync that lag, and takes back those that have caught up.
    pub(super) fn review_insync(&mut self, cx: &mut Context<'_, Self>) {
        let Insync { members, is_settled } = self.latest_insync(cx);
        let Role::Leading(lead) = &self.role else { return };
        if !R::keeps_insync(cx.config()) {
            return;
        }
        // Before that, its commit index may be behind what was acknowledged.
        let may_grow = is_settled && self.commit >= lead.first;
        let mut next = members;
        for (node, follower) in (0..).zip(&lead.followers) {
            if follower.silence >= LOYALTY {
                next = next.without(node);
            } else if may_grow && follower.matched >= self.commit {
                next.insert(node);
            }
        }
        if next != members {
            self.append(Command::Insync(next), cx);
        }
    }
}
