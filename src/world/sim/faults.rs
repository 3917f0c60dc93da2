//! What breaks in the simulated world, and is mended.

use super::{Network, Simulation};
use crate::client::Response;
use crate::nemesis::Fault;
use crate::protocol::NodeId;
use crate::world::host::Host;
use crate::world::stage::Step;

impl Simulation {
    /// Something breaks or is mended. Whether that made any difference.
    pub(super) fn change(&mut self, fault: &Fault) -> bool {
        let mut each = |nodes: &[NodeId], act: &mut dyn FnMut(&mut Self, NodeId) -> bool| {
            nodes.iter().fold(false, |any, node| act(self, *node) | any)
        };
        match fault {
            Fault::Crash { nodes, lose_unsynced } => {
                each(nodes, &mut |world, node| world.crash(node, *lose_unsynced))
            }
            Fault::Wipe { nodes } => each(nodes, &mut |world, node| world.wipe(node)),
            Fault::Restart { nodes } | Fault::Replace { nodes } => {
                each(nodes, &mut |world, node| world.restart(node))
            }
            Fault::Pause { nodes } => {
                each(nodes, &mut |world, node| world.hosts[usize::from(node)].pause())
            }
            Fault::Resume { nodes } => each(nodes, &mut |world, node| world.resume(node)),
            Fault::ResetClocks { nodes } => {
                each(nodes, &mut |world, node| world.set_clock(node, 0))
            }
            Fault::SkewClocks { offsets } => offsets
                .iter()
                .fold(false, |any, (node, offset)| self.set_clock(*node, *offset) | any),
            Fault::Partition { cuts, .. } => {
                self.set_links(cuts, |network, from, to| network.set_cut(from, to, true))
            }
            Fault::Heal { cuts } => {
                self.set_links(cuts, |network, from, to| network.set_cut(from, to, false))
            }
            Fault::SlowLinks { links, factor } => {
                self.set_links(links, |network, from, to| network.set_slowness(from, to, *factor))
            }
            Fault::RestoreLinks { links } => {
                self.set_links(links, |network, from, to| network.set_slowness(from, to, 1))
            }
            Fault::SlowDisks { nodes, factor } => each(nodes, &mut |world, node| {
                world.hosts[usize::from(node)].set_disk_slowness(*factor)
            }),
            Fault::RestoreDisks { nodes } => {
                each(nodes, &mut |world, node| world.hosts[usize::from(node)].set_disk_slowness(1))
            }
            Fault::FillDisks { nodes } => {
                each(nodes, &mut |world, node| world.hosts[usize::from(node)].fill_disk())
            }
            Fault::FreeDisks { nodes } => each(nodes, &mut |world, node| world.free_disk(node)),
        }
    }

    fn restart(&mut self, node: NodeId) -> bool {
        if self.hosts[usize::from(node)].is_down() {
            self.note(|| Step::Restart { node });
        }
        self.start(node)
    }

    /// Stops a node at once. False if it is down already.
    pub(super) fn crash(&mut self, node: NodeId, lose_unsynced: bool) -> bool {
        let step = Step::Crash { node, lose_unsynced };
        self.stop(node, lose_unsynced, step, &mut |host| host.crash(lose_unsynced))
    }

    fn wipe(&mut self, node: NodeId) -> bool {
        self.stop(node, true, Step::Wipe { node }, &mut Host::wipe)
    }

    /// Stops a node for good.
    fn stop(
        &mut self,
        node: NodeId,
        lose_unsynced: bool,
        step: Step,
        stop: &mut dyn FnMut(&mut Host) -> bool,
    ) -> bool {
        if let Some(recording) = &mut self.recording {
            recording.stop(self.now, node, &self.hosts[usize::from(node)], lose_unsynced, step);
        }
        if !stop(&mut self.hosts[usize::from(node)]) {
            return false;
        }
        for process in 0..self.clients.len() {
            if let Some(waiting) = &mut self.clients[process].waiting
                && waiting.node == node
                && !std::mem::replace(&mut waiting.broken, true)
            {
                let id = waiting.id;
                self.answer(id, Response::ConnectionLost);
            }
        }
        true
    }

    fn resume(&mut self, node: NodeId) -> bool {
        let Some(arrived) = self.hosts[usize::from(node)].resume() else { return false };
        for input in arrived {
            self.give(node, input);
        }
        true
    }

    fn set_clock(&mut self, node: NodeId, offset: i64) -> bool {
        let changed = self.hosts[usize::from(node)].set_clock_offset(offset);
        if changed {
            self.note(|| Step::SetClock { node, offset });
        }
        changed
    }

    /// There is space on a disk again. False if there was.
    fn free_disk(&mut self, node: NodeId) -> bool {
        let (was_full, is_to_start) = self.hosts[usize::from(node)].free_disk();
        if is_to_start {
            self.restart(node);
        }
        was_full
    }

    fn set_links(
        &mut self,
        links: &[(NodeId, NodeId)],
        mut set: impl FnMut(&mut Network, NodeId, NodeId) -> bool,
    ) -> bool {
        links.iter().fold(false, |any, (from, to)| set(&mut self.network, *from, *to) | any)
    }
}
