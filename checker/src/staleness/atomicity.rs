//! How many of the last written values reads may return: k-atomicity.

use super::reads;
use crate::clusters::{Cluster, Clusters};

/// Bounds of the least k for which a register is k-atomic: some order of all operations, in real time,
/// lets each read return one of the last k values (Golab, Hurwitz and Li, "On the
/// k-atomicity-verification problem", 2013). 1-atomic is atomic.
///
/// Whether it is 1 or 2 is decided exactly; nobody knows a fast exact rule for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atomicity {
    /// It is no less than this.
    pub least: u32,
    /// It is no more than this, since some order was found.
    pub most: u32,
}

impl Atomicity {
    /// An atomic register.
    pub const ATOMIC: Self = Self { least: 1, most: 1 };

    /// The least k itself, if the bounds meet.
    pub fn exact(self) -> Option<u32> {
        (self.least == self.most).then_some(self.least)
    }
}

/// The bounds, given how far the furthest read is behind; `None` if no k is enough, since a read
/// returned before its write began. O(n log n + c n) for c writes under way at once.
pub(super) fn atomicity(clusters: &Clusters, is_atomic: bool, behind: u32) -> Option<Atomicity> {
    if clusters.all.iter().any(|cluster| cluster.first_return.0 < cluster.write_call) {
        return None;
    }
    if is_atomic {
        return Some(Atomicity::ATOMIC);
    }
    let least = (behind + 1).max(2);
    if least == 2 && TwoAtomic::new(clusters).decide() {
        return Some(Atomicity { least, most: 2 });
    }
    let orders: [fn(&Cluster) -> u32; 2] = [|c| c.write_call, |c| c.first_return.0];
    let most = orders.into_iter().map(|order| by_order(clusters, order)).min();
    let least = least.max(3);
    Some(Atomicity { least, most: most.unwrap_or(least).max(least) })
}

/// The k of the order in which the writes stand by this key, and each read as early as it can. A write
/// precedes what reads its value, so it may as well end with the first of these.
fn by_order(clusters: &Clusters, key: fn(&Cluster) -> u32) -> u32 {
    let mut order: Vec<u32> = (0..clusters.all.len() as u32).collect();
    order.sort_by_key(|number| key(&clusters.all[*number as usize]));
    let mut place = vec![0; order.len()];
    for (position, number) in (0_u32..).zip(&order) {
        place[*number as usize] = position;
    }
    // The last place of all writes that have ended by then.
    let mut ended: Vec<(u32, u32)> =
        clusters.all.iter().zip(&place).map(|(c, place)| (c.first_return.0, *place)).collect();
    ended.sort_unstable();
    let mut last = 0;
    for (_, place) in &mut ended {
        last = last.max(*place);
        *place = last;
    }
    let behind = reads(clusters).map(|(read, number)| {
        let before = ended.partition_point(|(ret, _)| *ret < read.call);
        let latest = before.checked_sub(1).map_or(0, |last| ended[last].1);
        latest.saturating_sub(place[*number as usize])
    });
    behind.max().unwrap_or(0) + 1
}

/// Numbers in a fixed order, any of which may be taken out and be put back again, the last one taken
/// out first.
struct Chain {
    /// Before and after each; the end stands for both ends.
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Chain {
    fn new(order: &[u32]) -> Self {
        let end = order.len() as u32;
        let (mut before, mut after) = (vec![end; order.len() + 1], vec![end; order.len() + 1]);
        let mut last = end;
        for number in order.iter().copied().chain([end]) {
            before[number as usize] = last;
            after[last as usize] = number;
            last = number;
        }
        Self { before, after }
    }

    fn take(&mut self, number: u32) {
        let (before, after) = (self.before[number as usize], self.after[number as usize]);
        self.after[before as usize] = after;
        self.before[after as usize] = before;
    }

    fn put_back(&mut self, number: u32) {
        let (before, after) = (self.before[number as usize], self.after[number as usize]);
        self.after[before as usize] = number;
        self.before[after as usize] = number;
    }

    fn last(&self) -> Option<u32> {
        self.backwards().next()
    }

    /// From the last one on.
    fn backwards(&self) -> impl Iterator<Item = u32> {
        let end = self.before.len() as u32 - 1;
        let step = move |number: &u32| Some(self.before[*number as usize]);
        std::iter::successors(step(&end), step).take_while(move |number| *number != end)
    }
}

#[derive(Debug, Clone, Copy)]
enum Taken {
    Write(u32),
    Read(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ran {
    /// Nothing is forced any more.
    Free,
    Stuck,
    /// Out of steps.
    Undecided,
}

/// Builds an order from the end (limited backtracking, by Golab, Hurwitz and Li): once a write is
/// chosen to be the last, the reads that begin after it must all be of the one before it, and so on
/// until nothing is forced. Whichever choice gets there first is as good as any other.
struct TwoAtomic<'c> {
    all: &'c [Cluster],
    writes_by_call: Chain,
    writes_by_return: Chain,
    reads_by_call: Chain,
    /// Reads as calls and values.
    reads: Vec<(u32, u32)>,
    reads_of: Vec<Vec<u32>>,
    is_taken: Vec<bool>,
    log: Vec<Taken>,
}

impl<'c> TwoAtomic<'c> {
    fn new(clusters: &'c Clusters) -> Self {
        let all = clusters.all.as_slice();
        let sorted = |key: fn(&Cluster) -> u32| {
            let mut order: Vec<u32> = (0..all.len() as u32).collect();
            order.sort_by_key(|number| key(&all[*number as usize]));
            Chain::new(&order)
        };
        let reads: Vec<(u32, u32)> =
            reads(clusters).map(|(read, number)| (read.call, *number)).collect();
        let mut reads_of = vec![Vec::new(); all.len()];
        for (read, (_, number)) in (0..).zip(&reads) {
            reads_of[*number as usize].push(read);
        }
        let by_call: Vec<u32> = (0..reads.len() as u32).collect();
        Self {
            all,
            writes_by_call: sorted(|cluster| cluster.write_call),
            writes_by_return: sorted(|cluster| cluster.first_return.0),
            reads_by_call: Chain::new(&by_call),
            is_taken: vec![false; reads.len()],
            reads,
            reads_of,
            log: Vec::new(),
        }
    }

    fn decide(mut self) -> bool {
        while let Some(latest) = self.writes_by_call.last() {
            let latest_call = self.all[latest as usize].write_call;
            let may_be_last =
                |number: &u32| self.all[*number as usize].first_return.0 >= latest_call;
            let candidates = self.writes_by_return.backwards().take_while(may_be_last).collect();
            if !self.one_gets_free(candidates) {
                return false;
            }
        }
        true
    }

    /// Tries all candidates with few steps each, then with more: one that gets free soon must not wait
    /// for another that fails late.
    fn one_gets_free(&mut self, mut candidates: Vec<u32>) -> bool {
        let mut steps = 8;
        while !candidates.is_empty() {
            let mut undecided = Vec::new();
            for candidate in candidates {
                match self.run(candidate, steps) {
                    Ran::Free => {
                        self.log.clear();
                        return true;
                    }
                    Ran::Stuck => {}
                    Ran::Undecided => undecided.push(candidate),
                }
                self.undo();
            }
            candidates = undecided;
            steps *= 2;
        }
        false
    }

    fn run(&mut self, candidate: u32, steps: usize) -> Ran {
        let mut last = candidate;
        while self.log.len() < steps {
            let end = self.all[last as usize].first_return.0;
            let other = self.writes_by_call.backwards().find(|number| *number != last);
            if other.is_some_and(|other| self.all[other as usize].write_call > end) {
                return Ran::Stuck;
            }
            self.take_write(last);
            let mut forced = None;
            while let Some(read) = self.reads_by_call.last() {
                let (call, number) = self.reads[read as usize];
                if call < end {
                    break;
                }
                if *forced.get_or_insert(number) != number {
                    return Ran::Stuck;
                }
                self.take_read(read);
            }
            let Some(forced) = forced else { return Ran::Free };
            last = forced;
        }
        Ran::Undecided
    }

    fn take_write(&mut self, number: u32) {
        self.writes_by_call.take(number);
        self.writes_by_return.take(number);
        self.log.push(Taken::Write(number));
        for place in 0..self.reads_of[number as usize].len() {
            let read = self.reads_of[number as usize][place];
            if !self.is_taken[read as usize] {
                self.take_read(read);
            }
        }
    }

    fn take_read(&mut self, read: u32) {
        self.is_taken[read as usize] = true;
        self.reads_by_call.take(read);
        self.log.push(Taken::Read(read));
    }

    fn undo(&mut self) {
        while let Some(taken) = self.log.pop() {
            match taken {
                Taken::Write(number) => {
                    self.writes_by_return.put_back(number);
                    self.writes_by_call.put_back(number);
                }
                Taken::Read(read) => {
                    self.is_taken[read as usize] = false;
                    self.reads_by_call.put_back(read);
                }
            }
        }
    }
}
