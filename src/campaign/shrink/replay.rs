//! Moves carried out: whatever cannot be is left out.

use std::sync::Arc;

use quorate_checker::{Anomaly, Budget, History, Proof, Rules, check};

use super::moves::{Deed, Id, Move, Named};
use crate::client::classify;
use crate::protocol::Configuration;
use crate::record::Recorder;
use crate::time::Nanos;
use crate::world::stage::{Fate, Stage, Step};
use crate::world::trace::Recording;

/// The cluster and the clients of what is shrunk.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) config: Arc<Configuration>,
    pub(super) patience: Nanos,
    pub(super) client_count: u32,
}

/// What came of some moves.
pub(super) struct Replayed {
    /// Those that were taken.
    pub(super) moves: Vec<Move>,
    /// As steps, with their times.
    pub(super) steps: Vec<(Nanos, Step)>,
    /// What clients saw.
    pub(super) history: History,
}

impl Setting {
    /// The moves of a recorded run up to a time.
    pub(super) fn moves(&self, recording: &Recording, until: Nanos) -> Vec<Move> {
        let mut named = self.named();
        let mut moves = Vec::new();
        let moments = recording.moments.iter().take_while(|moment| moment.at <= until);
        for (id, moment) in (0 as Id..).zip(moments) {
            named.stage.pass(moment.at - named.stage.now());
            let deed = named.deed(&moment.step);
            if named.take(id, &moment.step).is_ok() {
                moves.push(Move { id, at: moment.at, deed });
            }
        }
        moves
    }

    /// Carries out what can be.
    pub(super) fn replay(&self, moves: &[Move]) -> Replayed {
        let mut named = self.named();
        let mut recorder = Recorder::new(None);
        let (mut taken, mut steps) = (Vec::new(), Vec::new());
        for way in moves {
            let Some(step) = named.step(&way.deed) else { continue };
            named.stage.pass(way.at.saturating_sub(named.stage.now()));
            let at = named.stage.now();
            let Ok(happenings) = named.take(way.id, &step) else { continue };
            if let Step::Begin { process, operation, .. } | Step::Ask { process, operation, .. } =
                &step
            {
                let _ = recorder.invoke(at, *process, operation);
            }
            for (happening, operation) in happenings {
                let completion = classify(&operation, happening.response);
                let _ = recorder.complete(at, happening.process, &operation, &completion);
            }
            steps.push((at, step));
            taken.push(way.clone());
        }
        Replayed { moves: taken, steps, history: recorder.finish().0 }
    }

    /// The moves that were taken of these, if they still show the anomaly.
    pub(super) fn shown_by(&self, moves: &[Move], anomaly: Anomaly) -> Option<Vec<Move>> {
        let replayed = self.replay(moves);
        shows(&replayed.history, anomaly).then_some(replayed.moves)
    }

    fn named(&self) -> Named {
        Named::new(Stage::with_patience(&self.config, self.patience), self.client_count)
    }
}

/// Whether some register shows the anomaly.
pub(super) fn shows(history: &History, anomaly: Anomaly) -> bool {
    anomalies(history).any(|other| other == anomaly)
}

/// What registers show.
pub(super) fn anomalies(history: &History) -> impl Iterator<Item = Anomaly> {
    let report = check(history, &Rules::default(), Budget::GENEROUS);
    let found: Vec<Anomaly> = (report.keys.into_iter())
        .filter_map(|key| match key.proof {
            Proof::Counterexample(counterexample) => Some(counterexample.anomaly),
            Proof::Linearization(_) | Proof::GaveUp(_) => None,
        })
        .collect();
    found.into_iter()
}

impl Move {
    /// Whether something breaks or is mended beside the network, or a message is lost or doubled.
    pub(super) fn is_fault(&self) -> bool {
        match &self.deed {
            Deed::Plain(step) => !matches!(step, Step::Sync { .. }),
            Deed::Carry { fate, .. } => *fate != Fate::Deliver,
            Deed::Ask { .. } | Deed::Arrive { .. } | Deed::End { .. } | Deed::Timer { .. } => false,
        }
    }

    /// Whether it is a client's operation.
    pub(super) fn is_operation(&self) -> bool {
        matches!(self.deed, Deed::Ask { .. })
    }
}
