//! Each condition by its definition: every read against the adds that it must show, and those that it may.

use std::collections::BTreeMap;

use super::super::Call;
use super::{Breach, Fit, Growing, Kind, Standing};
use crate::event::NO_TIME;
use crate::history::OPEN;
use crate::ladder::Rung;

/// Reads times adds, at most.
const PAIRS_MAX: usize = 2_000_000_000;

const STRANGE: &str = "only adds and reads of the whole can be looked at";
const TOO_LONG: &str = "too many reads and adds";
const UNCLEAR: &str = "too many amounts to try all that they may come to";
const TAKES_AWAY: &str = "something is taken away, so a smaller count may be a newer one";

/// The adds and the reads of one object, by their numbers.
struct Parts<'c, M: Growing> {
    model: &'c M,
    calls: &'c [Call<M::Op>],
    adds: Vec<u32>,
    reads: Vec<u32>,
    /// Where everything had settled.
    settled: Option<u32>,
}

impl<'c, M: Growing> Parts<'c, M> {
    fn new(
        model: &'c M,
        calls: &'c [Call<M::Op>],
        settled: Option<u32>,
    ) -> Result<Self, &'static str> {
        let mut parts = Self { model, calls, adds: Vec::new(), reads: Vec::new(), settled };
        for (number, call) in (0..).zip(calls) {
            match model.kind(&call.op) {
                Kind::Adds => parts.adds.push(number),
                Kind::Shows => parts.reads.push(number),
                Kind::Neither => return Err(STRANGE),
            }
        }
        match parts.adds.len().checked_mul(parts.reads.len()) {
            Some(pairs) if pairs <= PAIRS_MAX => Ok(parts),
            _ => Err(TOO_LONG),
        }
    }

    fn call(&self, number: u32) -> &'c Call<M::Op> {
        &self.calls[number as usize]
    }

    /// Whether every read shows the adds that `must` be shown, given it and the add, and no others than those
    /// that began before it had ended.
    fn each_read(&self, must: impl Fn(&Call<M::Op>, &Call<M::Op>) -> bool) -> Standing {
        let mut standing = Standing::Holds;
        for read in &self.reads {
            match self.explained(*read, &must) {
                Ok(()) => {}
                Err(open @ Standing::Open(_)) => standing = open,
                Err(broken) => return broken,
            }
        }
        standing
    }

    fn explained(
        &self,
        read: u32,
        must: impl Fn(&Call<M::Op>, &Call<M::Op>) -> bool,
    ) -> Result<(), Standing> {
        let shown = self.call(read);
        let may = self.adds.iter().copied().filter(|add| self.call(*add).call < shown.ret);
        let (required, optional): (Vec<u32>, Vec<u32>) =
            may.partition(|add| must(shown, self.call(*add)));
        let ops = |numbers: &[u32]| numbers.iter().map(|n| &self.call(*n).op).collect::<Vec<_>>();
        match self.model.fit(&shown.op, &ops(&required), &ops(&optional)) {
            Fit::Fits => Ok(()),
            Fit::Unclear => Err(Standing::Open(UNCLEAR)),
            Fit::Misses(place) => {
                Err(Standing::Breaks(Breach::Misses { read, adds: vec![required[place]] }))
            }
            Fit::Differs => Err(Standing::Breaks(Breach::FromNowhere { read })),
        }
    }

    fn monotonic(&self) -> Standing {
        let takes_away = self.adds.iter().any(|add| self.model.takes_away(&self.call(*add).op));
        if takes_away {
            return Standing::Open(TAKES_AWAY);
        }
        let mut last: BTreeMap<u32, u32> = BTreeMap::new();
        for read in &self.reads {
            let then = self.call(*read);
            if let Some(first) = last.insert(then.process, *read)
                && !self.model.shows_all_of(&then.op, &self.call(first).op)
            {
                return Standing::Breaks(Breach::Differ { first, then: *read });
            }
        }
        Standing::Holds
    }

    /// The last read of each process among those that began after every add had ended, or its client had given
    /// up; an error if nobody knows which these are.
    fn last_reads(&self) -> Result<Vec<u32>, &'static str> {
        let is_timed = self.calls.iter().all(|call| call.call_time != NO_TIME);
        let is_open = |add: &&u32| {
            let add = self.call(**add);
            add.ret == OPEN && (!is_timed || add.ret_time == NO_TIME)
        };
        if self.adds.iter().any(|add| is_open(&add)) {
            return Err("an add of unknown outcome may still be going on");
        }
        let ended = |add: &u32| {
            let add = self.call(*add);
            if is_timed { add.ret_time } else { i64::from(add.ret) }
        };
        let quiet_from = self.adds.iter().map(ended).max();
        let began = |call: &Call<M::Op>| if is_timed { call.call_time } else { call.call.into() };
        let mut last = BTreeMap::new();
        for read in &self.reads {
            let call = self.call(*read);
            let is_settled = self.settled.is_none_or(|settled| call.call > settled);
            if is_settled && quiet_from.is_none_or(|from| began(call) > from) {
                last.insert(call.process, *read);
            }
        }
        Ok(last.into_values().collect())
    }

    fn converges(&self) -> Standing {
        let last = match self.last_reads() {
            Ok(last) => last,
            Err(why) => return Standing::Open(why),
        };
        let Some(first) = last.first().copied() else {
            return Standing::Open("nobody read after the last add");
        };
        let acknowledged = |_: &Call<M::Op>, add: &Call<M::Op>| add.ret != OPEN;
        for read in &last {
            if let Err(standing) = self.explained(*read, acknowledged) {
                return standing;
            }
        }
        if last.len() < 2 {
            return Standing::Open("only one process read after the last add");
        }
        let differs = |read: &u32| self.call(*read).op != self.call(first).op;
        match last.iter().copied().find(differs) {
            None => Standing::Holds,
            // It was shown by one of them, and so it has taken effect; but perhaps only in between.
            Some(_) if self.adds.iter().any(|add| self.call(*add).ret == OPEN) => {
                Standing::Open("an add of unknown outcome may have taken effect in between")
            }
            Some(then) => Standing::Breaks(Breach::Differ { first, then }),
        }
    }
}

/// Every condition that there is for such objects.
pub(super) fn all<M: Growing>(
    model: &M,
    calls: &[Call<M::Op>],
    settled: Option<u32>,
) -> Vec<(Rung, Standing)> {
    const RUNGS: [Rung; 4] =
        [Rung::WeakRegular, Rung::ReadYourWrites, Rung::MonotonicReads, Rung::Convergence];
    let parts = match Parts::new(model, calls, settled) {
        Ok(parts) => parts,
        Err(why) => return RUNGS.map(|rung| (rung, Standing::Open(why))).to_vec(),
    };
    let stands = |rung| match rung {
        Rung::WeakRegular => parts.each_read(|read, add| add.ret < read.call),
        Rung::ReadYourWrites => {
            parts.each_read(|read, add| add.ret < read.call && add.process == read.process)
        }
        Rung::MonotonicReads => parts.monotonic(),
        _ => parts.converges(),
    };
    RUNGS.map(|rung| (rung, stands(rung))).to_vec()
}

/// Whether some read shows what no adds that began before it had ended come to.
pub(super) fn is_from_nowhere<M: Growing>(model: &M, calls: &[Call<M::Op>]) -> bool {
    let Ok(parts) = Parts::new(model, calls, None) else { return false };
    matches!(parts.each_read(|_, _| false), Standing::Breaks(_))
}
