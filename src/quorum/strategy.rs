//! Which quorum to ask how often: load, capacity and the best strategy, by linear programming.
//!
//! Load is Naor and Wool's (1998); read fractions, capacities, network load, latency and strategies that
//! are resilient are those of Whittaker et al., "Read-Write Quorum Systems Made Practical", 2021.

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem, Variable};
use thiserror::Error;

use super::figures::{Figures, ReadFraction};
use super::minimal::TooMany;
use super::rule::Rule;
use super::set::NodeSet;
use super::system::ReadWriteSystem;
use crate::time::Nanos;

/// Quorums that are asked less often than this are not asked at all.
const NEGLIGIBLE: f64 = 1e-9;
/// How many quorums a linear program may choose from.
const COLUMNS_MAX: usize = 1 << 14;

/// Quorums, each with the probability that it is the one to be asked.
pub type Choice = Vec<(NodeSet, f64)>;

/// How often each quorum is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// By a read.
    pub reads: Choice,
    /// By a write.
    pub writes: Choice,
}

/// What is to be as small as possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// The load of the busiest node.
    #[default]
    Load,
    /// How many nodes an operation asks.
    Network,
    /// How long an operation takes.
    Latency,
}

/// What must not be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// The load of the busiest node.
    pub load: Option<f64>,
    /// How many nodes an operation asks on average.
    pub network: Option<f64>,
    /// How long an operation takes on average.
    pub latency: Option<Nanos>,
}

/// Which strategy is wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted<'a> {
    /// What the nodes can do.
    pub figures: &'a Figures,
    /// What the clients do.
    pub reads: &'a ReadFraction,
    /// What is to be as small as possible.
    pub goal: Goal,
    /// What must not be exceeded.
    pub limits: Limits,
    /// How many nodes of the quorum that is asked may fail without another having to be asked. Only
    /// minimal sets with that property are considered.
    pub failures: u32,
}

/// Why there is no strategy.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoStrategy {
    /// There are too many quorums.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Even asking every node is not enough.
    #[error("no set of nodes is a {which} quorum after any {failures} of its nodes have failed")]
    NotResilient {
        /// Read or write.
        which: &'static str,
        /// How many were to fail.
        failures: u32,
    },
    /// The limits cannot be kept.
    #[error("no strategy keeps these limits")]
    Infeasible,
    /// The solver gave up.
    #[error("the linear program was not solved: {0}")]
    Unsolved(String),
}

impl ReadWriteSystem {
    /// The best strategy.
    pub fn strategy(&self, wanted: &Wanted<'_>) -> Result<Strategy, NoStrategy> {
        let list = |rule: &Rule, which| {
            let failures = wanted.failures;
            let quorums = rule.resilient_quorums(failures)?;
            match quorums.len() {
                0 => Err(NoStrategy::NotResilient { which, failures }),
                1..=COLUMNS_MAX => Ok(quorums),
                _ => Err(NoStrategy::TooMany(TooMany)),
            }
        };
        let (reads, writes) = (list(&self.reads, "read")?, list(&self.writes, "write")?);
        Program::new(self, wanted, &reads, &writes).solve()
    }

    /// Every minimal quorum as often as every other.
    pub fn uniform_strategy(&self, failures: u32) -> Result<Strategy, TooMany> {
        let uniform = |rule: &Rule| -> Result<Choice, TooMany> {
            let quorums = rule.resilient_quorums(failures)?;
            let share = 1.0 / quorums.len() as f64;
            Ok(quorums.into_iter().map(|quorum| (quorum, share)).collect())
        };
        Ok(Strategy { reads: uniform(&self.reads)?, writes: uniform(&self.writes)? })
    }
}

/// The linear program: a probability for each quorum, and a load for each read fraction.
struct Program<'a> {
    wanted: &'a Wanted<'a>,
    problem: Problem,
    reads: Vec<Column>,
    writes: Vec<Column>,
    loads: Vec<Variable>,
    scale: Scale,
}

/// A quorum and its part in the program.
struct Column {
    quorum: NodeSet,
    latency: Nanos,
    variable: Variable,
}

/// Units in which loads and latencies are about 1, as solvers like it.
#[derive(Clone, Copy)]
struct Scale {
    capacity: f64,
    latency: f64,
}

impl Scale {
    fn of(figures: &Figures) -> Self {
        let capacities = figures.read_capacity.iter().chain(&figures.write_capacity);
        let latency = figures.latency.iter().max().copied().unwrap_or(0);
        Self {
            capacity: capacities.copied().fold(f64::MIN_POSITIVE, f64::max),
            latency: latency.max(1) as f64,
        }
    }
}

impl<'a> Program<'a> {
    fn new(
        system: &ReadWriteSystem,
        wanted: &'a Wanted<'a>,
        reads: &[NodeSet],
        writes: &[NodeSet],
    ) -> Self {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let scale = Scale::of(wanted.figures);
        let share = wanted.reads.mean();
        let mut columns = |rule: &Rule, share: f64, quorums: &[NodeSet]| -> Vec<Column> {
            let column = |quorum: &NodeSet| {
                let latency = latency_of(rule, *quorum, wanted.figures);
                let cost = match wanted.goal {
                    Goal::Load => 0.0,
                    Goal::Network => share * f64::from(quorum.len()),
                    Goal::Latency => share * latency as f64 / scale.latency,
                };
                Column { quorum: *quorum, latency, variable: problem.add_var(cost, (0.0, 1.0)) }
            };
            quorums.iter().map(column).collect()
        };
        let (reads, writes) =
            (columns(&system.reads, share, reads), columns(&system.writes, 1.0 - share, writes));
        let loads = wanted.reads.shares().iter().map(|(_, probability)| {
            let cost = if wanted.goal == Goal::Load { *probability } else { 0.0 };
            problem.add_var(cost, (0.0, f64::INFINITY))
        });
        let loads = loads.collect();
        Self { wanted, problem, reads, writes, loads, scale }
    }

    fn solve(mut self) -> Result<Strategy, NoStrategy> {
        self.probabilities_sum_to_one();
        self.loads_are_those_of_the_busiest();
        self.limits_are_kept();
        let solution = match self.problem.solve().map(microlp::SolveOutcome::into_solution) {
            Ok(Ok(solution)) => solution,
            Ok(Err(_)) => return Err(NoStrategy::Unsolved("it was interrupted".to_owned())),
            Err(microlp::Error::Infeasible) => return Err(NoStrategy::Infeasible),
            Err(error) => return Err(NoStrategy::Unsolved(error.to_string())),
        };
        let choice = |columns: &[Column]| {
            let weights = columns.iter().map(|c| (c.quorum, solution.var_value(c.variable)));
            normalized(weights)
        };
        Ok(Strategy { reads: choice(&self.reads), writes: choice(&self.writes) })
    }

    fn probabilities_sum_to_one(&mut self) {
        for columns in [&self.reads, &self.writes] {
            let sum: LinearExpr = columns.iter().map(|column| (column.variable, 1.0)).collect();
            self.problem.add_constraint(sum, ComparisonOp::Eq, 1.0);
        }
    }

    fn loads_are_those_of_the_busiest(&mut self) {
        let Figures { read_capacity, write_capacity, .. } = self.wanted.figures;
        for ((share, _), load) in self.wanted.reads.shares().iter().zip(&self.loads) {
            for node in 0..read_capacity.len() {
                let terms = |columns: &[Column], share: f64, capacity: f64| -> Vec<_> {
                    let factor = share * self.scale.capacity / capacity;
                    let asking = columns.iter().filter(|column| column.quorum.contains(node));
                    asking.map(|column| (column.variable, factor)).collect()
                };
                let reads = terms(&self.reads, *share, read_capacity[node]);
                let writes = terms(&self.writes, 1.0 - share, write_capacity[node]);
                let load: LinearExpr =
                    reads.into_iter().chain(writes).chain([(*load, -1.0)]).collect();
                self.problem.add_constraint(load, ComparisonOp::Le, 0.0);
            }
        }
    }

    fn limits_are_kept(&mut self) {
        let Limits { load, network, latency } = self.wanted.limits;
        if let Some(limit) = load {
            let shares = self.wanted.reads.shares().iter().zip(&self.loads);
            let sum: LinearExpr =
                shares.map(|((_, probability), load)| (*load, *probability)).collect();
            self.problem.add_constraint(sum, ComparisonOp::Le, limit * self.scale.capacity);
        }
        if let Some(limit) = network {
            let sum = self.mean(|column| f64::from(column.quorum.len()));
            self.problem.add_constraint(sum, ComparisonOp::Le, limit);
        }
        if let Some(limit) = latency {
            let unit = self.scale.latency;
            let sum = self.mean(|column| column.latency as f64 / unit);
            self.problem.add_constraint(sum, ComparisonOp::Le, limit as f64 / unit);
        }
    }

    /// What an operation costs on average.
    fn mean(&self, cost: impl Fn(&Column) -> f64) -> LinearExpr {
        let share = self.wanted.reads.mean();
        let reads = self.reads.iter().map(|column| (column.variable, share * cost(column)));
        let writes =
            self.writes.iter().map(|column| (column.variable, (1.0 - share) * cost(column)));
        reads.chain(writes).collect()
    }
}

/// Weights as probabilities, without those that hardly count.
fn normalized(weights: impl Iterator<Item = (NodeSet, f64)>) -> Choice {
    let kept: Choice = weights.filter(|(_, weight)| *weight > NEGLIGIBLE).collect();
    let sum: f64 = kept.iter().map(|(_, weight)| weight).sum();
    kept.into_iter().map(|(quorum, weight)| (quorum, weight / sum)).collect()
}

/// When the nodes of `set` that have answered are a quorum.
pub fn latency_of(rule: &Rule, set: NodeSet, figures: &Figures) -> Nanos {
    let mut nodes: Vec<(Nanos, usize)> =
        set.iter().map(|node| (figures.latency[node], node)).collect();
    nodes.sort_unstable();
    let mut answered = NodeSet::EMPTY;
    for (latency, node) in nodes {
        answered = answered.union(NodeSet::only(node));
        if rule.is_quorum(answered) {
            return latency;
        }
    }
    Nanos::MAX
}

impl Strategy {
    /// A strategy of one's own, from weights that need not sum to 1; `None` if something in it is no
    /// quorum, or nothing has a weight.
    pub fn of_weights(system: &ReadWriteSystem, reads: &Choice, writes: &Choice) -> Option<Self> {
        let sound = |rule: &Rule, choice: &Choice| {
            choice.iter().all(|(set, weight)| rule.is_quorum(*set) && *weight >= 0.0)
        };
        let strategy = Self {
            reads: normalized(reads.iter().copied()),
            writes: normalized(writes.iter().copied()),
        };
        let sound = sound(&system.reads, reads) && sound(&system.writes, writes);
        (sound && !strategy.reads.is_empty() && !strategy.writes.is_empty()).then_some(strategy)
    }

    /// The load of a node: how much of its time it spends, if one operation comes in a unit of time.
    pub fn node_load(&self, node: usize, figures: &Figures, share: f64) -> f64 {
        share * probability(&self.reads, node) / figures.read_capacity[node]
            + (1.0 - share) * probability(&self.writes, node) / figures.write_capacity[node]
    }

    /// The load of the busiest node for one read fraction.
    fn load_at(&self, figures: &Figures, share: f64) -> f64 {
        let nodes = 0..figures.read_capacity.len();
        nodes.map(|node| self.node_load(node, figures, share)).fold(0.0, f64::max)
    }

    /// The load of the busiest node, on average over the read fractions.
    pub fn load(&self, figures: &Figures, reads: &ReadFraction) -> f64 {
        mean(reads, |share| self.load_at(figures, share))
    }

    /// How many operations in a unit of time make the busiest node fully busy, on average over the read
    /// fractions.
    pub fn capacity(&self, figures: &Figures, reads: &ReadFraction) -> f64 {
        mean(reads, |share| 1.0 / self.load_at(figures, share))
    }

    /// How many operations a node serves in a unit of time, when the busiest is fully busy.
    pub fn node_throughput(&self, node: usize, figures: &Figures, reads: &ReadFraction) -> f64 {
        mean(reads, |share| {
            let asked = share * probability(&self.reads, node)
                + (1.0 - share) * probability(&self.writes, node);
            asked / self.load_at(figures, share)
        })
    }

    /// How many nodes an operation asks on average.
    pub fn network_load(&self, reads: &ReadFraction) -> f64 {
        let size = |choice: &Choice| -> f64 {
            choice.iter().map(|(set, probability)| f64::from(set.len()) * probability).sum()
        };
        reads.mean() * size(&self.reads) + (1.0 - reads.mean()) * size(&self.writes)
    }

    /// How long an operation takes on average, in nanoseconds.
    pub fn latency(
        &self,
        system: &ReadWriteSystem,
        figures: &Figures,
        reads: &ReadFraction,
    ) -> f64 {
        let latency = |rule: &Rule, choice: &Choice| -> f64 {
            choice.iter().map(|(set, p)| latency_of(rule, *set, figures) as f64 * p).sum()
        };
        reads.mean() * latency(&system.reads, &self.reads)
            + (1.0 - reads.mean()) * latency(&system.writes, &self.writes)
    }

    /// How probable it is that a read asks no node that the write before it asked.
    pub fn miss_probability(&self) -> f64 {
        let missing = |(read, share): &(NodeSet, f64)| -> f64 {
            let missed =
                self.writes.iter().filter(|(write, _)| read.intersection(*write).is_empty());
            share * missed.map(|(_, share)| share).sum::<f64>()
        };
        self.reads.iter().map(missing).sum()
    }
}

fn probability(choice: &Choice, node: usize) -> f64 {
    choice.iter().filter(|(set, _)| set.contains(node)).map(|(_, probability)| probability).sum()
}

fn mean(reads: &ReadFraction, value: impl Fn(f64) -> f64) -> f64 {
    reads.shares().iter().map(|(share, probability)| probability * value(*share)).sum()
}
