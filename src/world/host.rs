//! A machine that is not real: a node, its disk, its clock, and whether it runs.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::protocol::{Configuration, Disk, Effect, Input, Node, NodeId, Record, Seat, Slot};
use crate::time::Nanos;

/// Clocks show this much more than the time of the run, so that a clock set back stays positive.
const EPOCH: i64 = 1 << 50;

#[derive(Debug, Clone)]
pub(super) struct Host {
    id: NodeId,
    config: Arc<Configuration>,
    patience: Nanos,
    state: State,
    /// How often the node was started.
    pub(super) incarnation: u32,
    disk: SimDisk,
    /// What the clock shows more than it should.
    clock_offset: i64,
    /// What the time of a sync is multiplied by.
    pub(super) disk_slowness: u32,
    space: Space,
}

/// Whether there is space on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Space {
    Free,
    Full,
    /// There is none, and the node has stopped for want of it.
    Missed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    Running(Box<Node>),
    /// Stopped without knowing; what arrives waits.
    Paused(Box<Node>, Vec<Input>),
    Down,
}

/// What is on the platter, and what only the operating system has.
#[derive(Debug, Clone, Default)]
struct SimDisk {
    platter: BTreeMap<Slot, Record>,
    /// In the order in which they were written, which is that in which they become safe.
    written: VecDeque<(Slot, Record)>,
    /// How many records have become safe.
    safe: u64,
}

impl Disk for SimDisk {
    fn records(&self) -> impl Iterator<Item = (Slot, Record)> {
        self.platter.iter().map(|(slot, record)| (*slot, record.clone()))
    }
}

/// Hosts of one cluster with equal hashes have equal futures.
impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
        self.state.hash(state);
        self.incarnation.hash(state);
        self.disk.platter.hash(state);
        self.disk.written.hash(state);
        self.clock_offset.hash(state);
        self.space.hash(state);
    }
}

impl Host {
    pub(super) fn new(id: NodeId, config: Arc<Configuration>, patience: Nanos) -> Self {
        let (state, disk) = (State::Down, SimDisk::default());
        Self {
            id,
            config,
            patience,
            state,
            incarnation: 0,
            disk,
            clock_offset: 0,
            disk_slowness: 1,
            space: Space::Free,
        }
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, State::Down)
    }

    /// The node, if it runs.
    pub(super) fn node(&self) -> Option<&Node> {
        match &self.state {
            State::Running(node) => Some(node),
            State::Paused(..) | State::Down => None,
        }
    }

    /// What has arrived at a node that is paused.
    pub(super) fn arrived(&self) -> Option<&[Input]> {
        match &self.state {
            State::Paused(_, arrived) => Some(arrived),
            State::Running(_) | State::Down => None,
        }
    }

    /// How many records are written and not yet safe.
    pub(super) fn unsynced(&self) -> usize {
        self.disk.written.len()
    }

    fn clock(&self, now: Nanos) -> Nanos {
        (now as i64 + EPOCH + self.clock_offset).max(0) as Nanos
    }

    /// Gives the node an input, now or, if it is paused, when it goes on.
    pub(super) fn handle(&mut self, now: Nanos, input: Input, effects: &mut Vec<Effect>) {
        let clock = self.clock(now);
        match &mut self.state {
            State::Running(node) => node.handle(clock, input, effects),
            State::Paused(_, waiting) => waiting.push(input),
            State::Down => {}
        }
    }

    /// The operating system takes a record to write. Returns its number.
    pub(super) fn write(&mut self, slot: Slot, record: Record) -> u64 {
        self.disk.written.push_back((slot, record));
        self.disk.safe + self.disk.written.len() as u64
    }

    /// The first record of those up to this number that is not yet safe reaches the platter.
    pub(super) fn sync(&mut self, number: u64) -> Option<(Slot, Record)> {
        if self.disk.safe >= number { None } else { self.sync_next() }
    }

    /// The first record that is not yet safe reaches the platter.
    pub(super) fn sync_next(&mut self) -> Option<(Slot, Record)> {
        let (slot, record) = self.disk.written.pop_front()?;
        self.disk.safe += 1;
        self.disk.platter.insert(slot, record.clone());
        Some((slot, record))
    }

    /// Stops the node for good. What it wrote without syncing survives with the operating system, or
    /// is lost with the power. False if it is down already.
    pub(super) fn crash(&mut self, lose_unsynced: bool) -> bool {
        if self.is_down() {
            return false;
        }
        if !lose_unsynced {
            while self.sync_next().is_some() {}
        }
        self.disk.written.clear();
        self.incarnation += 1;
        self.state = State::Down;
        true
    }

    /// Stops the node for good, and empties its disk. False if it is down already.
    pub(super) fn wipe(&mut self) -> bool {
        let has_run = self.crash(true);
        if has_run {
            self.disk.platter.clear();
        }
        has_run
    }

    /// Starts a node that is down, with what is on its disk. False if it is not down.
    pub(super) fn start(&mut self, now: Nanos, effects: &mut Vec<Effect>) -> bool {
        if !self.is_down() {
            return false;
        }
        let seat = Seat {
            id: self.id,
            config: Arc::clone(&self.config),
            patience: self.patience,
            incarnation: self.incarnation,
        };
        if self.space == Space::Missed {
            self.space = Space::Full;
        }
        let node = Node::start(seat, self.clock(now), &self.disk, effects);
        self.state = State::Running(Box::new(node));
        true
    }

    /// Stops the node without its knowing. False if it does not run.
    pub(super) fn pause(&mut self) -> bool {
        match std::mem::replace(&mut self.state, State::Down) {
            State::Running(node) => {
                self.state = State::Paused(node, Vec::new());
                true
            }
            other => {
                self.state = other;
                false
            }
        }
    }

    /// Lets a paused node go on. Returns what has arrived meanwhile; `None` if it is not paused.
    pub(super) fn resume(&mut self) -> Option<Vec<Input>> {
        match std::mem::replace(&mut self.state, State::Down) {
            State::Paused(node, waiting) => {
                self.state = State::Running(node);
                Some(waiting)
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Sets the clock off. False if it was so already.
    pub(super) fn set_clock_offset(&mut self, offset: i64) -> bool {
        std::mem::replace(&mut self.clock_offset, offset) != offset
    }

    /// Makes the disk slow, or as it was. False if it was so already.
    pub(super) fn set_disk_slowness(&mut self, slowness: u32) -> bool {
        std::mem::replace(&mut self.disk_slowness, slowness) != slowness
    }

    /// Takes all space from the disk. False if there was none.
    pub(super) fn fill_disk(&mut self) -> bool {
        let was_free = self.space == Space::Free;
        if was_free {
            self.space = Space::Full;
        }
        was_free
    }

    /// Whether the node is to stop, since it would write what there is no space for.
    pub(super) fn misses_space(&mut self, now: Nanos, input: &Input) -> bool {
        let State::Running(node) = &self.state else { return false };
        if self.space == Space::Free {
            return false;
        }
        let mut effects = Vec::new();
        node.clone().handle(self.clock(now), input.clone(), &mut effects);
        let misses = effects.iter().any(|effect| matches!(effect, Effect::Persist { .. }));
        if misses {
            self.space = Space::Missed;
        }
        misses
    }

    /// Gives the disk space again. Whether there was none, and whether the node is to start.
    pub(super) fn free_disk(&mut self) -> (bool, bool) {
        let before = std::mem::replace(&mut self.space, Space::Free);
        (before != Space::Free, before == Space::Missed)
    }
}
