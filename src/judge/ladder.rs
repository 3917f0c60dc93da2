//! Which conditions hold on all registers of a history, and which break.

use quorate_checker::{Explanation, Footing, Rung, Verdict};

use crate::protocol::Object;

/// The rungs of the ladder over all registers, from the strongest on.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// Each rung.
    pub rows: Vec<Row>,
}

/// One rung over all registers.
#[derive(Debug, Clone)]
pub struct Row {
    /// The condition.
    pub rung: Rung,
    /// On how many registers it holds.
    pub holds: u64,
    /// On how many it does not.
    pub broken: u64,
    /// On how many nobody can tell.
    pub open: u64,
    /// Why nobody can tell, on the first of them.
    pub why: Option<&'static str>,
    /// The first register on which it does not hold.
    pub example: Option<Explanation>,
}

impl Row {
    /// Valid if it holds everywhere, invalid if it breaks anywhere, else unknown.
    pub fn verdict(&self) -> Verdict {
        match (self.broken, self.open) {
            (0, 0) => Verdict::Valid,
            (0, _) => Verdict::Unknown,
            _ => Verdict::Invalid,
        }
    }
}

impl Default for Ladder {
    fn default() -> Self {
        let row = |rung| Row { rung, holds: 0, broken: 0, open: 0, why: None, example: None };
        Self { rows: Rung::ALL.into_iter().map(row).collect() }
    }
}

impl Ladder {
    /// Without the rungs that say nothing of such objects. Of a queue none does: what it owes is no order.
    #[must_use]
    pub fn of(mut self, object: Object) -> Self {
        match object {
            Object::Register => {}
            Object::Counter | Object::Set => self.rows.retain(|row| row.holds + row.broken > 0),
            Object::Queue => self.rows.clear(),
        }
        self
    }

    /// Whether this rung holds everywhere; `None` if it says nothing of these objects.
    pub fn verdict(&self, rung: Rung) -> Option<Verdict> {
        self.rows.iter().find(|row| row.rung == rung).map(Row::verdict)
    }

    /// Counts a register in.
    pub fn add(&mut self, rungs: Vec<(Rung, Footing)>) {
        for (rung, footing) in rungs {
            let row = &mut self.rows[rung as usize];
            match footing {
                Footing::Holds => row.holds += 1,
                Footing::Open(why) => {
                    row.open += 1;
                    row.why.get_or_insert(why);
                }
                Footing::Breaks(explanation) => {
                    row.broken += 1;
                    row.example.get_or_insert(explanation);
                }
            }
        }
    }
}
