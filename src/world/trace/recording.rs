//! The steps of a run with their times.

use std::sync::Arc;

use crate::nemesis::Fault;
use crate::protocol::{Configuration, Input, Message, NodeId};
use crate::time::Nanos;
use crate::world::host::Host;
use crate::world::stage::{Envelope, Performance, Played, Scribe, Script, Step};

/// Everything that happened, in order. The same steps at the same times give the same run again on a
/// [`Stage`](crate::world::stage::Stage) whose nodes are as patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// How many clients there are: a process is that of the client with its number modulo this.
    pub client_count: u32,
    /// After which time nodes forget an operation.
    pub patience: Nanos,
    /// What happened.
    pub moments: Vec<Moment>,
    /// What was broken and mended when. Pauses, cuts and slow links are not among the steps: they show in
    /// what does not arrive.
    pub faults: Vec<(Nanos, Fault)>,
}

/// A step and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Nanos,
    /// What.
    pub step: Step,
    /// Of a message that was dropped, why.
    pub loss: Option<Loss>,
}

/// Why a message never arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The link was cut when it was sent, or when it would have arrived.
    Cut,
    /// Links lose some.
    Chance,
    /// The node was down, or went down before it came to read the message.
    Down,
}

impl Recording {
    pub(in crate::world) fn new(client_count: u32, patience: Nanos) -> Self {
        Self { client_count, patience, moments: Vec::new(), faults: Vec::new() }
    }

    /// What happened when a script was carried out.
    pub fn of_performance(performance: &Performance) -> Self {
        let moment = |played: &Played| Moment {
            at: played.at,
            step: played.step.clone(),
            loss: matches!(played.step, Step::Drop(_)).then_some(Loss::Chance),
        };
        let moments = performance.played.iter().map(moment).collect();
        let Performance { client_count, patience, .. } = *performance;
        Self { client_count, patience, moments, faults: Vec::new() }
    }

    /// The script that gives the same run again, to the nanosecond, with clients named c1, c2, ….
    ///
    /// # Panics
    /// If this is no recording of a cluster of that configuration.
    pub fn script(&self, config: &Arc<Configuration>, names: &[String]) -> Script {
        let clients = (1..=self.client_count).map(|number| format!("c{number}")).collect();
        let mut scribe = Scribe::new(config, self.patience, clients);
        scribe.pace(0);
        for Moment { at, step, .. } in &self.moments {
            let passed = at - scribe.stage().now();
            if passed > 0 {
                scribe.wait(passed);
            }
            scribe.write(step).expect("this is what happened");
        }
        Script::of_cues(scribe.cues(), names)
    }

    pub(in crate::world) fn step(&mut self, at: Nanos, step: Step) {
        self.moments.push(Moment { at, step, loss: None });
    }

    pub(in crate::world) fn lost(&mut self, at: Nanos, envelope: Envelope, loss: Loss) {
        self.moments.push(Moment { at, step: Step::Drop(envelope), loss: Some(loss) });
    }

    pub(in crate::world) fn fault(&mut self, at: Nanos, fault: &Fault) {
        self.faults.push((at, fault.clone()));
    }

    /// A node is given an input. One that is paused handles it only when it goes on, and one that is down
    /// never.
    pub(in crate::world) fn input(&mut self, at: Nanos, node: NodeId, host: &Host, input: &Input) {
        let envelope =
            |from: NodeId, message: &Message| Envelope { from, to: node, message: message.clone() };
        match input {
            Input::Message { from, message } if host.is_down() => {
                self.lost(at, envelope(*from, message), Loss::Down);
            }
            _ if host.node().is_none() => {}
            Input::Message { from, message } => {
                self.step(at, Step::Deliver(envelope(*from, message)));
            }
            Input::Request(request) => self.step(at, Step::Arrive { request: request.id }),
            Input::Persisted { .. } => self.step(at, Step::Sync { node }),
            Input::Timer(timer) => self.step(at, Step::Timer { node, timer: *timer }),
        }
    }

    /// A node is about to stop for good, in this way. What reached the disk of a paused node stays there, though the node never
    /// learns of it; what else has arrived is lost.
    pub(in crate::world) fn stop(
        &mut self,
        at: Nanos,
        node: NodeId,
        host: &Host,
        lose_unsynced: bool,
        step: Step,
    ) {
        if host.is_down() {
            return;
        }
        for input in host.arrived().into_iter().flatten() {
            match input {
                Input::Persisted { .. } if lose_unsynced => self.step(at, Step::Sync { node }),
                Input::Message { from, message } => {
                    let message = message.clone();
                    self.lost(at, Envelope { from: *from, to: node, message }, Loss::Down);
                }
                Input::Persisted { .. } | Input::Request(_) | Input::Timer(_) => {}
            }
        }
        self.step(at, step);
    }
}
