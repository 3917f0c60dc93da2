//! A violation as a script that a person can read and that runs by itself.

use quorate_checker::Anomaly;

use super::state::{Deed, Move, Setting, State, TICK};
use crate::campaign::shorten::{scripted, shorten};
use crate::time::Nanos;
use crate::workload::{Expectation, Workload};
use crate::world::stage::{Cue, Envelope, Scribe, Stage, Step};

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
    let clients = setting.question.clients.iter().map(|client| client.name.clone());
    let mut scribe = Scribe::new(&setting.config, Nanos::MAX, clients.collect());
    for step in steps {
        // In the exploration, time passes when an operation begins.
        if matches!(step, Step::Begin { .. }) {
            scribe.pass(TICK);
        }
        scribe.write(step).expect("these steps were taken before");
    }
    scribe.cues()
}
