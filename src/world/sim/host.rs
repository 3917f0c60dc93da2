//! A simulated machine: a node, its disk, its clock, and whether it runs.

use rustc_hash::FxHashMap;

use crate::protocol::{Configuration, Disk, Effect, Input, Key, Node, NodeId, Stored, Version};
use crate::time::Nanos;

/// Clocks show this much more than the time of the run, so that a clock set back stays positive.
const EPOCH: i64 = 1 << 50;

#[derive(Debug)]
pub(super) struct Host {
    id: NodeId,
    config: Configuration,
    patience: Nanos,
    state: State,
    /// How often the node was started.
    pub(super) incarnation: u32,
    disk: SimDisk,
    /// What the clock shows more than it should.
    clock_offset: i64,
}

#[derive(Debug)]
enum State {
    Running(Box<Node>),
    /// Stopped without knowing; what arrives waits.
    Paused(Box<Node>, Vec<Input>),
    Down,
}

/// What is on the platter, and what only the operating system has.
#[derive(Debug, Default)]
struct SimDisk {
    synced: FxHashMap<Key, Stored>,
    written: Vec<(Key, Stored)>,
}

impl Disk for SimDisk {
    fn registers(&self) -> impl Iterator<Item = (Key, Stored)> {
        self.synced.iter().map(|(key, stored)| (*key, *stored))
    }
}

impl SimDisk {
    fn sync(&mut self, place: usize) {
        let (key, stored) = self.written.swap_remove(place);
        let on_disk = self.synced.entry(key).or_default();
        *on_disk = stored.max(*on_disk);
    }
}

impl Host {
    pub(super) fn new(id: NodeId, config: Configuration, patience: Nanos) -> Self {
        let disk = SimDisk::default();
        let node = Node::start(id, config, patience, 0, &disk);
        let state = State::Running(Box::new(node));
        Self { id, config, patience, state, incarnation: 0, disk, clock_offset: 0 }
    }

    pub(super) fn is_down(&self) -> bool {
        matches!(self.state, State::Down)
    }

    /// Gives the node an input, now or, if it is paused, when it goes on.
    pub(super) fn handle(&mut self, now: Nanos, input: Input, effects: &mut Vec<Effect>) {
        let clock = (now as i64 + EPOCH + self.clock_offset).max(0) as Nanos;
        match &mut self.state {
            State::Running(node) => node.handle(clock, input, effects),
            State::Paused(_, waiting) => waiting.push(input),
            State::Down => {}
        }
    }

    /// The operating system takes a register to write.
    pub(super) fn write(&mut self, key: Key, stored: Stored) {
        self.disk.written.push((key, stored));
    }

    /// A register has reached the platter. False if it was lost before.
    pub(super) fn synced(&mut self, key: Key, version: Version) -> bool {
        let same = |(k, stored): &(Key, Stored)| *k == key && stored.version == version;
        let place = self.disk.written.iter().position(same);
        place.map(|place| self.disk.sync(place)).is_some()
    }

    /// Stops the node for good. What it wrote without syncing survives with the operating system, or
    /// is lost with the power. False if it is down already.
    pub(super) fn crash(&mut self, lose_unsynced: bool) -> bool {
        if lose_unsynced {
            self.disk.written.clear();
        }
        while !self.disk.written.is_empty() {
            self.disk.sync(self.disk.written.len() - 1);
        }
        self.incarnation += 1;
        !matches!(std::mem::replace(&mut self.state, State::Down), State::Down)
    }

    /// Starts a node that is down, with what is on its disk. False if it is not down.
    pub(super) fn restart(&mut self) -> bool {
        if !self.is_down() {
            return false;
        }
        let node = Node::start(self.id, self.config, self.patience, self.incarnation, &self.disk);
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
}
