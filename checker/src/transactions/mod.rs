//! Transactions over several keys: isolation by dependency graphs (Adya, Liskov and O'Neil,
//! "Generalized isolation level definitions", ICDE 2000; Kingsbury and Alvaro, "Elle: inferring
//! isolation anomalies from experimental observations", VLDB 2020).
//!
//! Two kinds of transactions are read, as Jepsen's workloads write them: lists that are appended to and
//! read whole, where the reads tell the order of all versions; and registers, where they tell only who
//! read whose write. Each transaction depends on others: it read or overwrote what they wrote, or did
//! not see it yet. A cycle of such dependencies shows which isolation levels the history does not have;
//! without one, an order of all transactions shows that it has the strongest.

mod facts;
mod graph;
mod history;
mod isolation;
mod lists;
mod registers;
mod serial;
mod single;
mod zones;

pub(crate) use facts::{Link, Oddity, Why};
pub(crate) use history::{Act, Kind, Step, TransactionBuilder, TransactionHistory};
pub use isolation::Isolation;
pub(crate) use single::{Refuted, Single};

use facts::Facts;
use graph::{Cycle, Graph};
use registers::Beginning;
use single::Searched;

use crate::anomaly::{Anomaly, CycleKind, Scope};
use crate::model::MultiRegister;
use crate::verdict::{Budget, Engine, GaveUp};

/// What the transactions work on.
#[derive(Debug, Clone)]
pub(crate) enum Workload {
    /// Lists: append and read.
    Lists,
    /// Registers: write and read.
    Registers(MultiRegister),
}

/// Something that is wrong, with its reason.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) anomaly: Anomaly,
    pub(crate) reason: Reason,
}

#[derive(Debug, Clone)]
pub(crate) enum Reason {
    Oddity(Oddity),
    /// The cycle's links, between transactions only.
    Cycle(Vec<Link>),
    /// One key by itself, with the transactions that show it.
    Single(Single),
}

impl Evidence {
    /// The transactions that show it; those of a cycle in its order. None for a key by itself.
    pub(crate) fn transactions(&self) -> Vec<u32> {
        match &self.reason {
            Reason::Oddity(oddity) => oddity.transactions(),
            Reason::Cycle(links) => links.iter().map(|link| link.from).collect(),
            Reason::Single(_) => Vec::new(),
        }
    }

    /// The worst first: what the weakest levels rule out, and of that what few transactions show.
    fn rank(&self) -> (usize, usize) {
        let allowed = Isolation::ALL.iter().filter(|level| !level.forbids(self.anomaly)).count();
        (allowed, self.transactions().len())
    }
}

/// Whether a history of transactions is strictly serializable, and what is wrong with it if not.
pub(crate) struct Checked {
    /// An order of all transactions that took effect, if there is one in real time.
    pub(crate) order: Option<Vec<u32>>,
    /// What is wrong, the worst first; each anomaly once.
    pub(crate) evidence: Vec<Evidence>,
    /// Why there is neither.
    pub(crate) gave_up: Option<GaveUp>,
    /// Which levels stay open though nothing breaks them.
    pub(crate) open: Open,
    pub(crate) engine: Engine,
    pub(crate) why: &'static str,
}

/// Which levels stay open though nothing breaks them, because the order of some versions is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Open {
    /// None.
    Nothing,
    /// Those that speak of snapshots: two transactions in one knot wrote what nobody read, or the search
    /// for a [`CycleKind::GSingle`] gave up.
    Snapshots,
    /// All.
    All,
}

impl Open {
    /// Whether it leaves this level open.
    pub(crate) fn leaves(self, level: Isolation) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::Snapshots => {
                (Isolation::StrongSnapshotIsolation..=Isolation::ConsistentView).contains(&level)
            }
        }
    }
}

/// Nodes visited at most in search of a cycle with exactly one write that was missed.
const EFFORT: u64 = 100_000_000;

/// Checks a history of transactions.
///
/// Near-linear in the number of elements read where elements (values) are distinct by key, which is
/// exact for lists. Registers that no cycle refutes and whose first order does not fit are searched,
/// within the budget, which is exponential in the number of transactions open at once.
pub(crate) fn check(history: &TransactionHistory, workload: &Workload, budget: Budget) -> Checked {
    match workload {
        Workload::Lists => check_lists(history),
        Workload::Registers(model) => check_registers(history, model, budget),
    }
}

fn check_lists(history: &TransactionHistory) -> Checked {
    let why = "each element is appended once, so reads tell the order";
    let facts = match lists::facts(history) {
        Ok(facts) => facts,
        Err(why) => return Checked::unknown(why),
    };
    let (graph, helpers_from) = whole(history, &facts);
    let order = graph::order(&graph);
    let (evidence, open) = match &order {
        Some(_) => (Vec::new(), Open::Nothing),
        None => cycles(history, &graph, helpers_from),
    };
    let evidence = ranked(&facts, evidence);
    let transaction = |node: &u32| {
        (*node as usize) < history.transactions.len() && facts.effective[*node as usize]
    };
    let order = order.filter(|_| evidence.is_empty());
    let order = order.map(|order| order.into_iter().filter(transaction).collect());
    Checked { order, evidence, gave_up: None, open, engine: Engine::Dependencies, why }
}

fn check_registers(history: &TransactionHistory, model: &MultiRegister, budget: Budget) -> Checked {
    let beginning = &Beginning::new(history, model);
    let why = "each value is written once, so reads tell whose write they saw";
    let facts = match registers::facts(history, beginning) {
        Ok(facts) => facts,
        Err(why) => return search(history, model, budget, why),
    };
    let (graph, helpers_from) = whole(history, &facts);
    let (evidence, _) = match graph::order(&graph) {
        Some(_) => (Vec::new(), Open::All),
        None => cycles(history, &graph, helpers_from),
    };
    let mut evidence = ranked(&facts, evidence);
    if evidence.is_empty() {
        evidence.extend(single::check(history, beginning, &facts.effective, budget));
    }
    let engine = Engine::Dependencies;
    let done = Checked { order: None, evidence, gave_up: None, open: Open::All, engine, why };
    if !done.evidence.is_empty() {
        return done;
    }
    let mut graph = graph;
    zones::link(history, beginning, &facts.effective, &mut graph);
    match serial::order(history, beginning, (graph, &facts.effective)) {
        Some(order) => Checked { order: Some(order), ..done },
        None => {
            search(history, model, budget, "no cycle refutes it, and no order was found at once")
        }
    }
}

impl Checked {
    fn unknown(why: &'static str) -> Self {
        let engine = Engine::Dependencies;
        let gave_up = Some(GaveUp::NOTHING);
        Self { order: None, evidence: Vec::new(), gave_up, open: Open::All, engine, why }
    }
}

/// Searches for an order.
fn search(
    history: &TransactionHistory,
    model: &MultiRegister,
    budget: Budget,
    why: &'static str,
) -> Checked {
    let (search, engine) = single::search(history, model, budget);
    let done = Checked { engine, why, ..Checked::unknown(why) };
    match search {
        Searched::Valid(order) => Checked { order: Some(order), gave_up: None, ..done },
        Searched::GaveUp(gave_up) => Checked { gave_up: Some(gave_up), ..done },
        Searched::Invalid(single) => {
            let reason = Reason::Single(single);
            let evidence = vec![Evidence { anomaly: Anomaly::Contradiction, reason }];
            Checked { evidence, gave_up: None, ..done }
        }
    }
}

/// The graph of all that comes before what, and its first helper node of real time.
fn whole(history: &TransactionHistory, facts: &Facts) -> (Graph, u32) {
    let order = facts::order(history, facts);
    let helpers_from = history.transactions.len() as u32 + facts.helpers;
    let effective = |node: u32| facts.effective.get(node as usize).is_none_or(|yes| *yes);
    let links = facts.links.iter().chain(&order.links).copied();
    let links = links.filter(|link| effective(link.from) && effective(link.to));
    (graph::graph(helpers_from + order.helpers, links), helpers_from)
}

/// A short cycle of each kind and scope, and what they leave open where reads tell all orders but those
/// of versions that nobody read.
fn cycles(history: &TransactionHistory, graph: &Graph, helpers_from: u32) -> (Vec<Evidence>, Open) {
    let mut found: Vec<Evidence> = Vec::new();
    let (mut effort, mut is_open) = (EFFORT, false);
    for scope in Scope::ALL {
        for knot in graph::knots(graph, scope, helpers_from) {
            is_open |= knot.has_helper(history.transactions.len() as u32..helpers_from);
            for (kind, cycle) in knot.cycles(&mut effort) {
                let links = between_transactions(history, &cycle);
                let scope = scope_of(&links);
                let anomaly = match kind {
                    CycleKind::GNonadjacent if is_long_fork(&links) => Anomaly::LongFork,
                    kind => Anomaly::Cycle(kind, scope),
                };
                found.push(Evidence { anomaly, reason: Reason::Cycle(links) });
            }
        }
    }
    (found, if is_open || effort == 0 { Open::Snapshots } else { Open::Nothing })
}

/// The widest order that a cycle needs.
fn scope_of(links: &[Link]) -> Scope {
    if links.iter().any(|link| link.why == Why::RealTime) {
        Scope::RealTime
    } else if links.iter().any(|link| link.why == Why::Process) {
        Scope::Process
    } else {
        Scope::Data
    }
}

/// Two readers each saw one of two writes and missed the other.
fn is_long_fork(links: &[Link]) -> bool {
    let misses = |link: &Link| matches!(link.why, Why::Missed { .. });
    let reads = |link: &Link| matches!(link.why, Why::Read { .. });
    links.len() == 4
        && links
            .iter()
            .zip(links.iter().cycle().skip(1))
            .all(|(link, next)| (misses(link) && reads(next)) || (reads(link) && misses(next)))
}

/// The cycle without helper nodes. What was missed behind one is what its writer wrote to the key.
fn between_transactions(history: &TransactionHistory, cycle: &Cycle) -> Vec<Link> {
    let is_helper = |node: u32| node as usize >= history.transactions.len();
    let first = cycle.iter().position(|link| !is_helper(link.from)).unwrap_or(0);
    let mut links: Vec<Link> = Vec::with_capacity(cycle.len());
    for link in cycle[first..].iter().chain(&cycle[..first]) {
        match links.last_mut() {
            Some(last) if is_helper(link.from) => last.to = link.to,
            _ => links.push(*link),
        }
    }
    for link in &mut links {
        let written_by = |key: u32| {
            let mut of_key = history.steps(link.to).iter().rev().filter(|step| step.key == key);
            of_key.find_map(|step| step.act.leaves())
        };
        if let Why::Missed { key, missed: version, .. } | Why::Overwrote { key, after: version, .. } =
            &mut link.why
            && *version == crate::value::ValueId::NONE
        {
            *version = written_by(*key).unwrap_or(*version);
        }
    }
    links
}

/// All that is wrong, the worst first, each anomaly once.
fn ranked(facts: &Facts, cycles: Vec<Evidence>) -> Vec<Evidence> {
    let oddity =
        |oddity: &Oddity| Evidence { anomaly: oddity.anomaly(), reason: Reason::Oddity(*oddity) };
    let mut evidence: Vec<Evidence> = facts.oddities.iter().map(oddity).chain(cycles).collect();
    evidence.sort_by_key(Evidence::rank);
    let mut seen = Vec::new();
    evidence.retain(|evidence| {
        let is_new = !seen.contains(&evidence.anomaly);
        seen.push(evidence.anomaly);
        is_new
    });
    evidence
}
