//! A violation as a script that a person can read and that runs by itself.

use std::sync::Arc;

use quorate_checker::{Anomaly, Budget, Proof, Rules, check};

use super::state::{Deed, Move, Setting, State, TICK};
use crate::rng::Seed;
use crate::run::simulate;
use crate::workload::{Expectation, Workload};
use crate::world::stage::{Cue, Envelope, Fate, Script, Stage, Step, Which};

/// A violation, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterexample {
    /// What it is called.
    pub anomaly: Anomaly,
    /// The cluster, and what happens, with nothing in it that could be left out.
    pub workload: Workload,
    /// How many moves of the exploration it took.
    pub moves: usize,
}

impl Counterexample {
    /// What these moves lead to.
    pub(super) fn new(setting: &Setting<'_>, moves: &[Move], anomaly: Anomaly) -> Self {
        let steps = steps(setting, moves);
        let base = &setting.question.workload;
        let about = format!(
            "Found by trying every interleaving: {} of {} is not linearizable.",
            base.config.protocol.name(),
            base.name
        );
        let workload = Workload {
            name: format!("{}-shortest", base.name),
            about,
            expect: Expectation::Anomaly(anomaly),
            script: None,
            ..base.clone()
        };
        let cues = shorten(&workload, cues(setting, &steps), anomaly);
        Self { anomaly, workload: scripted(&workload, &cues), moves: moves.len() }
    }
}

/// What happens in these moves, question by question and answer by answer.
fn steps(setting: &Setting<'_>, moves: &[Move]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut state = State::first(setting);
    for way in moves {
        let mut deeds = Vec::new();
        state = state.after(*way, setting, &mut |deed| deeds.push(deed)).0;
        for deed in deeds {
            match deed {
                Deed::Step(step) => steps.push(step),
                Deed::Answer { question, answer } => {
                    let at = arrival(setting, &steps, &question, &answer);
                    steps.insert(at, Step::Deliver(question));
                    steps.push(Step::Deliver(answer));
                }
            }
        }
    }
    steps
}

/// Before which of the steps a question must have arrived to get this answer: the last possible one.
fn arrival(setting: &Setting<'_>, steps: &[Step], question: &Envelope, answer: &Envelope) -> usize {
    let mut stage = Stage::new(&setting.config);
    let mut found = 0;
    for place in 0..=steps.len() {
        let is_on_its_way = stage.wire().contains(question);
        let node = stage.node(question.to);
        let would_answer = node.and_then(|node| node.answer(&question.message));
        if is_on_its_way && would_answer.as_ref() == Some(&answer.message) {
            found = place;
        }
        if let Some(step) = steps.get(place) {
            take(&mut stage, step);
        }
    }
    found
}

fn take(stage: &mut Stage, step: &Step) {
    // In the exploration, time passes when an operation begins.
    if matches!(step, Step::Begin { .. }) {
        stage.pass(TICK);
    }
    stage.take(step).expect("these steps were taken before");
}

/// The steps as the lines of a script.
fn cues(setting: &Setting<'_>, steps: &[Step]) -> Vec<Cue> {
    let clients = &setting.question.clients;
    let client = |process: u32| clients[process as usize % clients.len()].name.clone();
    let mut stage = Stage::new(&setting.config);
    let mut cues = vec![Cue::Clients(clients.iter().map(|client| client.name.clone()).collect())];
    for step in steps {
        cues.push(match step {
            Step::Begin { process, node, operation } => {
                Cue::Begin { client: client(*process), action: operation.action, node: *node }
            }
            Step::Deliver(envelope) => carry(Fate::Deliver, &stage, envelope),
            Step::Drop(envelope) => carry(Fate::Drop, &stage, envelope),
            Step::Duplicate(envelope) => carry(Fate::Duplicate, &stage, envelope),
            Step::Sync { node } => Cue::Sync(vec![*node]),
            Step::Timer { node, timer } => Cue::Timer { node: *node, timer: Some(*timer) },
            Step::Crash { node, lose_unsynced } => {
                Cue::Crash { nodes: vec![*node], lose_unsynced: *lose_unsynced }
            }
            Step::Restart { node } => Cue::Restart(vec![*node]),
            Step::SetClock { node, offset } => Cue::SetClock { node: *node, offset: *offset },
            Step::GiveUp { process } => Cue::GiveUp { client: client(*process) },
        });
        take(&mut stage, step);
    }
    cues
}

/// A message by its link, its kind, and its place among those of its kind.
fn carry(fate: Fate, stage: &Stage, envelope: &Envelope) -> Cue {
    let alike = stage.wire().iter().filter(|other| {
        (other.from, other.to) == (envelope.from, envelope.to)
            && other.message.kind() == envelope.message.kind()
    });
    let place = alike.take_while(|other| *other != envelope).count();
    Cue::Carry {
        fate,
        which: Which { kind: Some(envelope.message.kind().to_owned()), number: Some(place + 1) },
        from: envelope.from,
        to: vec![envelope.to],
    }
}

/// Leaves out, again and again, what the violation does not need.
fn shorten(workload: &Workload, mut cues: Vec<Cue>, anomaly: Anomaly) -> Vec<Cue> {
    loop {
        let before = cues.len();
        for place in (0..before).rev() {
            let mut fewer = cues.clone();
            fewer.remove(place);
            if shows(&scripted(workload, &fewer), anomaly) {
                cues = fewer;
            }
        }
        if cues.len() == before {
            return cues;
        }
    }
}

fn scripted(workload: &Workload, cues: &[Cue]) -> Workload {
    let script = Script::of_cues(cues.iter().cloned(), &workload.node_names);
    Workload { script: Some(script), ..workload.clone() }
}

/// Whether a script is possible and shows this anomaly.
fn shows(workload: &Workload, anomaly: Anomaly) -> bool {
    let config = Arc::new(workload.config.clone());
    if workload.script.as_ref().is_none_or(|script| script.perform(&config).is_err()) {
        return false;
    }
    let Ok(run) = simulate(workload, Seed(0), None, &mut |_| true) else { return false };
    let report = check(&run.history, &Rules::default(), Budget::GENEROUS);
    report.keys.iter().any(|key| match &key.proof {
        Proof::Counterexample(counterexample) => counterexample.anomaly == anomaly,
        Proof::Linearization(_) | Proof::GaveUp(_) => false,
    })
}
