//! A state of the exploration, and the moves out of it.

use std::sync::Arc;

use super::story::Story;
use super::{Ask, Bounds, Question, Reductions};
use crate::client::{Operation, classify};
use crate::protocol::{Configuration, Message, Node, NodeId};
use crate::time::{Nanos, SECOND};
use crate::world::Happening;
use crate::world::stage::{Envelope, Stage, Step};

/// Time passes when an operation begins, and at no other moment.
pub(super) const TICK: Nanos = 1_000;
/// A clock that is set back shows this much less: more than all ticks.
const SET_BACK: i64 = -(SECOND as i64);

/// Everything that decides what can happen.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) stage: Stage,
    /// For each message on the wire, the answers that it could have had before and could not have now.
    pub(super) earlier: Vec<Vec<Message>>,
    /// What clients have seen.
    pub(super) story: Story,
    /// What may still go wrong.
    pub(super) left: Left,
}

/// How often something may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Left {
    crashes: u32,
    duplicates: u32,
    skews: u32,
    timers: u32,
}

/// A way from one state to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    /// A client begins its next operation.
    Begin { client: u16, node: NodeId },
    /// A message arrives; of a question, its answer.
    Arrive { place: u16, as_what: As, twice: bool },
    /// The oldest record that a node has written reaches its disk.
    Sync(NodeId),
    /// A timer goes off.
    Timer(u16),
    /// A node crashes, loses what was not synced, and starts again.
    Crash(NodeId),
    /// A clock is set back.
    SetBack(NodeId),
}

/// What arrives of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// The message itself.
    Itself,
    /// The answer that it would have now.
    Answer,
    /// One of the answers that it could have had before.
    EarlierAnswer(u16),
}

/// What a move lets happen, for whoever wants to tell of it.
#[derive(Debug, Clone)]
pub(super) enum Deed {
    /// A step.
    Step(Step),
    /// A question has arrived, now or some time ago, when this was the answer, which arrives now.
    Answer { question: Envelope, answer: Envelope },
}

/// What does not change while a question is explored.
pub(super) struct Setting<'q> {
    pub(super) question: &'q Question,
    pub(super) config: Arc<Configuration>,
    /// All operations, one client's after the other's.
    pub(super) asks: Vec<Ask>,
    /// Whether the names of nodes do not matter.
    pub(super) alike: bool,
}

impl<'q> Setting<'q> {
    pub(super) fn new(question: &'q Question) -> Self {
        let asks: Vec<Ask> =
            question.clients.iter().flat_map(|client| client.asks.iter().copied()).collect();
        let alike = question.reductions.symmetry
            && question.workload.config.nodes_are_alike()
            && asks.iter().all(|ask| ask.node.is_none());
        Self { question, config: Arc::new(question.workload.config.clone()), asks, alike }
    }

    fn process(&self, story: &Story, client: usize) -> u32 {
        let clients = &self.question.clients;
        client as u32 + clients.len() as u32 * story.unknown(clients, client)
    }
}

impl State {
    /// Nothing has happened yet.
    pub(super) fn first(setting: &Setting<'_>) -> Self {
        let Bounds { crashes, duplicates, skews, timers, .. } = setting.question.bounds;
        let mut state = Self {
            stage: Stage::new(&setting.config),
            earlier: Vec::new(),
            story: Story::new(&setting.question.clients),
            left: Left { crashes, duplicates, skews, timers },
        };
        state.tidy(setting, &mut |_| {});
        state
    }

    /// Everything that can happen next.
    pub(super) fn moves(&self, setting: &Setting<'_>) -> Vec<Move> {
        let mut moves = Vec::new();
        if setting.question.reductions.ends && self.story.is_over(&setting.asks) {
            return moves;
        }
        let nodes = || 0..setting.config.n;
        for client in 0..setting.question.clients.len() {
            if let Some((place, false)) = self.story.at(&setting.question.clients, client) {
                let asked = setting.asks[place].node;
                let whom = nodes().filter(|node| asked.is_none_or(|asked| asked == *node));
                moves.extend(whom.map(|node| Move::Begin { client: client as u16, node }));
            }
        }
        for place in 0..self.stage.wire().len() {
            self.arrivals(place, setting, &mut moves);
        }
        moves.extend(nodes().filter(|node| self.stage.unsynced(*node) > 0).map(Move::Sync));
        if self.left.timers > 0 {
            moves.extend((0..self.stage.timers().len()).map(|place| Move::Timer(place as u16)));
        }
        if self.left.crashes > 0 {
            moves.extend(nodes().map(Move::Crash));
        }
        if self.left.skews > 0 {
            moves.extend(nodes().map(Move::SetBack));
        }
        moves
    }

    fn arrivals(&self, place: usize, setting: &Setting<'_>, moves: &mut Vec<Move>) {
        let envelope = &self.stage.wire()[place];
        let same = |other: &usize| {
            self.stage.wire()[*other] == *envelope && self.earlier[*other] == self.earlier[place]
        };
        if (0..place).any(|other| same(&other)) {
            return;
        }
        let is_question = setting.question.reductions.questions && self.answer(envelope).is_some();
        let mut ways = vec![if is_question { As::Answer } else { As::Itself }];
        ways.extend((0..self.earlier[place].len()).map(|nth| As::EarlierAnswer(nth as u16)));
        for as_what in ways {
            let place = place as u16;
            moves.push(Move::Arrive { place, as_what, twice: false });
            if self.left.duplicates > 0 {
                moves.push(Move::Arrive { place, as_what, twice: true });
            }
        }
    }

    /// What a message would be answered now, if it is a question.
    fn answer(&self, envelope: &Envelope) -> Option<Message> {
        self.stage.node(envelope.to)?.answer(&envelope.message)
    }

    /// The state after a move. Returns also whether a client has learned a value by it. `tell` is told what
    /// happens.
    pub(super) fn after(
        &self,
        way: Move,
        setting: &Setting<'_>,
        tell: &mut dyn FnMut(Deed),
    ) -> (Self, bool) {
        let mut next = self.clone();
        match way {
            Move::Begin { client, node } => {
                let client = usize::from(client);
                let clients = &setting.question.clients;
                let (place, _) = next.story.at(clients, client).expect("it has something to ask");
                let process = setting.process(&next.story, client);
                let operation = Operation { key: 0, action: setting.asks[place].action };
                next.story.begin(place);
                next.stage.pass(TICK);
                next.take(node, Step::Begin { process, node, operation }, setting, tell);
            }
            Move::Arrive { place, as_what, twice } => {
                next.arrive(usize::from(place), as_what, twice, setting, tell);
            }
            Move::Sync(node) => next.take(node, Step::Sync { node }, setting, tell),
            Move::Timer(place) => {
                next.left.timers -= 1;
                let (node, timer) = next.stage.timers()[usize::from(place)];
                next.take(node, Step::Timer { node, timer }, setting, tell);
            }
            Move::Crash(node) => {
                next.left.crashes -= 1;
                next.take(node, Step::Crash { node, lose_unsynced: true }, setting, tell);
                next.take(node, Step::Restart { node }, setting, tell);
            }
            Move::SetBack(node) => {
                next.left.skews -= 1;
                next.take(node, Step::SetClock { node, offset: SET_BACK }, setting, tell);
            }
        }
        next.tidy(setting, tell);
        let has_returned = next.story.has_returned_since(&self.story, &setting.asks);
        (next, has_returned)
    }

    fn arrive(
        &mut self,
        place: usize,
        as_what: As,
        twice: bool,
        setting: &Setting<'_>,
        tell: &mut dyn FnMut(Deed),
    ) {
        let sent = self.stage.wire()[place].clone();
        let answer = match as_what {
            As::Itself => None,
            As::Answer => self.answer(&sent),
            As::EarlierAnswer(nth) => Some(self.earlier[place][usize::from(nth)].clone()),
        };
        if twice {
            self.left.duplicates -= 1;
            tell(Deed::Step(Step::Duplicate(sent.clone())));
        } else {
            self.stage.take_off(place);
            self.earlier.remove(place);
        }
        let arrives = match answer {
            None => {
                tell(Deed::Step(Step::Deliver(sent.clone())));
                sent
            }
            Some(message) => {
                let answer = Envelope { from: sent.to, to: sent.from, message };
                tell(Deed::Answer { question: sent, answer: answer.clone() });
                answer
            }
        };
        self.change(arrives.to, setting, |stage| stage.hand(arrives));
    }

    fn take(
        &mut self,
        node: NodeId,
        step: Step,
        setting: &Setting<'_>,
        tell: &mut dyn FnMut(Deed),
    ) {
        self.change(node, setting, |stage| stage.take(&step).expect("moves are possible"));
        tell(Deed::Step(step));
    }

    /// Lets something happen at a node.
    fn change(
        &mut self,
        node: NodeId,
        setting: &Setting<'_>,
        act: impl FnOnce(&mut Stage) -> Vec<Happening>,
    ) {
        let before = self.stage.machine(node);
        let happenings = act(&mut self.stage);
        self.earlier.resize(self.stage.wire().len(), Vec::new());
        if setting.question.reductions.questions {
            self.keep_answers(node, before.node());
        }
        let clients = &setting.question.clients;
        for Happening { process, response } in happenings {
            let client = process as usize % clients.len();
            if let Some((place, true)) = self.story.at(clients, client) {
                let operation = Operation { key: 0, action: setting.asks[place].action };
                self.story.complete(place, &classify(&operation, response));
            }
        }
    }

    /// Keeps what a node would have answered before it changed.
    fn keep_answers(&mut self, node: NodeId, before: Option<&Node>) {
        let now = self.stage.node(node);
        for (envelope, earlier) in self.stage.wire().iter().zip(&mut self.earlier) {
            if envelope.to != node {
                continue;
            }
            let answer = |node: Option<&Node>| node.and_then(|node| node.answer(&envelope.message));
            let now = answer(now);
            earlier.extend(answer(before).filter(|before| !earlier.contains(before)));
            earlier.retain(|earlier| Some(earlier) != now.as_ref());
        }
    }

    /// What happens without anybody's choice.
    fn tidy(&mut self, setting: &Setting<'_>, tell: &mut dyn FnMut(Deed)) {
        let Reductions { disks, moot, .. } = setting.question.reductions;
        if disks && self.left.crashes == 0 {
            for node in 0..setting.config.n {
                while self.stage.unsynced(node) > 0 {
                    self.take(node, Step::Sync { node }, setting, tell);
                }
            }
        }
        if moot {
            for place in (0..self.stage.wire().len()).rev() {
                if self.is_moot(&self.stage.wire()[place]) {
                    self.stage.take_off(place);
                    self.earlier.remove(place);
                }
            }
        }
    }

    /// Whether a message, or every answer to it if it is a question, makes no difference any more.
    fn is_moot(&self, sent: &Envelope) -> bool {
        let awaits = |whom: NodeId, from: NodeId, message: &Message| {
            self.stage.node(whom).is_none_or(|node| node.awaits(from, message))
        };
        !awaits(sent.to, sent.from, &sent.message)
            || self.answer(sent).is_some_and(|answer| !awaits(sent.from, sent.to, &answer))
    }
}
