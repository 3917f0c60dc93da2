//! Quorate: does this quorum configuration really give the consistency it promises?
//!
//! A harness that drives concurrent clients against a quorum-replicated register store while a
//! nemesis breaks it, records what every client saw, and decides register by register whether the
//! record is consistent with what the configuration promises.
//!
//! The modules in reading order. Each may use those above it and none below, which a test holds:
//!
//! | module | holds | never |
//! |---|---|---|
//! | [`time`] | nanoseconds, and durations as people write them | clocks |
//! | [`rng`] | one seed, forked by name | a generator without a seed |
//! | [`latency`] | how long things take: distributions as tables | |
//! | [`quorum`] | which sets of nodes are quorums, and what that means | protocols |
//! | [`protocol`] | the replicated register, sans-I/O | threads, sockets, clocks, randomness |
//! | [`promise`] | what a configuration promises by theory | I/O |
//! | [`client`] | what clients ask, and whether the answer means ok, fail or info | |
//! | [`nemesis`] | faults as data, and schedules that compose them | applying them |
//! | [`generator`] | which client does what next, as values | knowing the world |
//! | [`http`] | requests over one connection to one address | knowing what they mean |
//! | [`program`] | programs of others as nodes: what they are asked, in Maelstrom's words or by HTTP, and what they answer | starting them |
//! | [`process`] | other programs: started, paused, killed, and gone when we are | knowing what they do |
//! | [`systems`] | real systems: how to find, start and ask each, and what it promises | running them |
//! | [`node`] | one replica as a process, with a real disk and real connections | deciding what a protocol does |
//! | [`world`] | where a cluster lives: the simulator, processes, a stage for scripts; what happened there | deciding what to do |
//! | [`workload`] | the schema of `workloads/*.toml` | running |
//! | [`record`] | events as they happen, into the history, and checked at once if asked for | |
//! | [`timing`] | how long operations took, from when they were to begin | |
//! | [`run`] | one run: ask, hand to the world, record | judging |
//! | [`judge`] | verdict against promise, and the evidence behind it | |
//! | [`campaign`] | many runs of one question | |
//! | [`store`] | the run directory | |
//! | [`report`] | results as text, JSON, pages and pictures | recomputing verdicts |
//! | [`export`] | histories for the tools of others: operations as a table, traces of events | deciding anything |
//! | [`serve`] | a local site over the runs in a store | writing, following paths out of it |
//! | [`cli`] | the command line | logic |
//!
//! Histories, the checker and the proofs are in `quorate-checker`, which knows nothing of all this.

pub mod campaign;
pub mod cli;
pub mod client;
pub mod export;
pub mod generator;
pub mod http;
pub mod judge;
pub mod latency;
pub mod nemesis;
pub mod node;
pub mod process;
pub mod program;
pub mod promise;
pub mod protocol;
pub mod quorum;
pub mod record;
pub mod report;
pub mod rng;
pub mod run;
pub mod serve;
pub mod store;
pub mod systems;
pub mod time;
pub mod timing;
pub mod workload;
pub mod world;
