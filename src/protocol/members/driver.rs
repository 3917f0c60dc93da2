//! The driver of a joint change: it collects what the old members hold and has the new ones keep it.

use std::collections::BTreeMap;

use super::super::NodeId;
use super::super::machine::Context;
use super::super::set::NodeSet;
use super::stage::{Stage, is_majority};
use super::{Drive, Members, Message, Register};

impl Members {
    /// Says again what was not answered; at first everything.
    pub(super) fn drive(&mut self, cx: &mut Context<'_, Self>) {
        let first = || Drive::Collecting { from: NodeSet::EMPTY, held: BTreeMap::new() };
        let drive = self.drive.get_or_insert_with(first);
        let (members, answered, message) = match drive {
            Drive::Collecting { from, .. } => (cx.config().members, *from, Message::Collect),
            Drive::Keeping { by, held } => {
                (cx.config().new_members, *by, Message::Keep(held.clone()))
            }
        };
        let silent = members.iter().filter(|member| !answered.contains(*member)).collect();
        cx.send_each(silent, &message);
    }

    pub(super) fn collected(
        &mut self,
        member: NodeId,
        all: Vec<Register>,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(Drive::Collecting { from, held }) = &mut self.drive else { return };
        from.insert(member);
        for (key, stored) in all {
            let latest = held.entry(key).or_default();
            *latest = stored.max(*latest);
        }
        if is_majority(*from, cx.config().members) {
            let held = std::mem::take(held).into_iter().collect();
            self.drive = Some(Drive::Keeping { by: NodeSet::EMPTY, held });
            self.drive(cx);
        }
    }

    pub(super) fn kept(&mut self, member: NodeId, cx: &mut Context<'_, Self>) {
        let Some(Drive::Keeping { by, .. }) = &mut self.drive else { return };
        by.insert(member);
        if is_majority(*by, cx.config().new_members) {
            self.pass_on(Stage::New, cx);
            let everybody = Stage::Joint.members(cx.config()).without(cx.id());
            for node in everybody.iter() {
                self.say(node, Message::Passed { stage: Stage::New }, cx);
            }
        }
    }
}
