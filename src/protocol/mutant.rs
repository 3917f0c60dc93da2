//! Protocols broken on purpose, one bug at a time: by whether a harness notices them it is told what its
//! silence is worth. A mutant comes into a configuration by its name and by nothing else.

use super::Configuration;
use super::Protocol::{
    self, Abd, AbdSingleWriter, CasPaxos, Chain, Crdt, Gifford, Masking, Primary, Raft,
};
use super::choice::Reads;

/// What kind of mistake a mutant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MutantClass {
    /// Too few nodes count as enough.
    Quorum,
    /// Something is forgotten, or promised before it cannot be.
    Durability,
    /// Versions, ballots or terms that do not order what they should.
    Order,
    /// A step is left out.
    Step,
    /// A node believes what it should have checked.
    Trust,
}

impl MutantClass {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Quorum, Self::Durability, Self::Order, Self::Step, Self::Trust];

    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Durability => "durability",
            Self::Order => "order",
            Self::Step => "step",
            Self::Trust => "trust",
        }
    }
}

macro_rules! mutants {
    ($($name:ident = $word:literal, $class:ident, $protocols:expr, $about:literal;)*) => {
        /// A bug.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mutant {
            $(#[doc = $about] $name,)*
        }

        impl Mutant {
            /// All mutants.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The word of workloads and reports.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it does wrong.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }

            /// What kind of mistake it is.
            pub fn class(self) -> MutantClass {
                match self { $(Self::$name => MutantClass::$class,)* }
            }

            /// Which protocols can have it.
            pub fn protocols(self) -> &'static [Protocol] {
                match self { $(Self::$name => $protocols,)* }
            }
        }
    };
}

/// Those whose registers wait for a quorum in phases, with versions.
const VERSIONED: &[Protocol] = &[Abd, AbdSingleWriter, Masking];
const QUORUMS: &[Protocol] = &[Abd, AbdSingleWriter, Masking, Gifford, CasPaxos, Crdt];
const LED: &[Protocol] = &[Raft, Primary];
const EVERYBODY: &[Protocol] =
    &[Abd, AbdSingleWriter, Masking, Gifford, CasPaxos, Raft, Primary, Chain, Crdt];

mutants! {
    AckBeforeSync = "ack-before-sync", Durability, EVERYBODY, "Acknowledges before it is on disk.";
    ForgetsOnRestart = "forgets-on-restart", Durability, QUORUMS, "Starts with empty registers whatever is on disk.";
    FirstWriteOnly = "first-write-only", Durability, QUORUMS, "Puts a register on disk only when it is new, and acknowledges all the same.";
    TakesAnything = "takes-anything", Order, &[Abd, AbdSingleWriter, Masking, Crdt], "A replica takes what it is sent, even if what it holds is newer.";
    ReadQuorumOffByOne = "read-quorum-off-by-one", Quorum, QUORUMS, "A read goes on after one answer too few.";
    WriteQuorumOffByOne = "write-quorum-off-by-one", Quorum, QUORUMS, "A write returns after one acknowledgement too few.";
    NoWriteBack = "no-write-back", Step, VERSIONED, "A read returns what it found without storing it first.";
    ReadAsksOne = "read-asks-one", Quorum, &[Abd, AbdSingleWriter], "A read takes the first answer.";
    WriteAsksOne = "write-asks-one", Quorum, &[Abd], "A write chooses its version after the first answer.";
    LostTimestampBump = "lost-timestamp-bump", Order, &[Abd, Gifford], "A write uses the version that it found, not the next one.";
    ClockAsVersion = "clock-as-version", Order, &[Abd], "A write is stamped by the coordinator's clock instead of asking for the latest version.";
    BumpsOnWriteBack = "bumps-on-write-back", Order, &[Abd, AbdSingleWriter], "A read writes back under a newer version than it found.";
    StaleRepair = "stale-repair", Order, &[Abd, AbdSingleWriter], "A read returns and writes back the oldest value that it found.";
    LastAnswerWins = "last-answer-wins", Order, &[Abd, AbdSingleWriter, Crdt], "An operation believes the last answer instead of the latest version, or of all together.";
    PhasesMixed = "phases-mixed", Trust, &[Abd], "An answer to the first phase counts in the second, too.";
    SerialsStartAnew = "serials-start-anew", Order, &[Abd], "After a restart operations have the names of earlier ones.";
    CountsAnew = "counts-anew", Order, &[AbdSingleWriter, Crdt], "A writer counts from the beginning after a restart.";
    AddsAgain = "adds-again", Step, &[Crdt], "A coordinator that another node has answered first adds once more, as if it had not asked yet.";
    BelievesOne = "believes-one", Trust, &[Masking], "One replica is enough to be believed.";
    SharedReads = "shared-reads", Step, &[Gifford], "A read is given a register that a write has locked.";
    SharedWrites = "shared-writes", Step, &[Gifford], "A write locks a register as a read does.";
    ForgetsLocks = "forgets-locks", Durability, &[Gifford], "A replica forgets in a restart who has locked it.";
    AcceptsOlder = "accepts-older", Order, &[CasPaxos], "An acceptor accepts in an earlier ballot than it promised.";
    PreparesOlder = "prepares-older", Order, &[CasPaxos], "An acceptor goes back to an earlier ballot.";
    PromisesNothing = "promises-nothing", Durability, &[CasPaxos], "An acceptor does not keep what it promises.";
    TakesFirstPromise = "takes-first-promise", Order, &[CasPaxos], "A proposer goes on from the first value it hears of, not the latest.";
    PreparesCount = "prepares-count", Quorum, &[CasPaxos], "A promise counts as an acceptance.";
    ReadsWithoutAccept = "reads-without-accept", Step, &[CasPaxos], "A read returns what was promised without having it accepted.";
    BlindCas = "blind-cas", Step, &[CasPaxos], "A compare-and-set does not compare.";
    RetriesWrites = "retries-writes", Step, &[CasPaxos], "A write that was outrun is tried again though it may have been accepted.";
    VotesTwice = "votes-twice", Trust, LED, "A node votes for everybody who asks in a term.";
    ForgetsVote = "forgets-vote", Durability, LED, "A node does not keep on disk which term it is in and whom it votes for.";
    VotesForAnyone = "votes-for-anyone", Trust, &[Raft], "A node votes for candidates that know less than it.";
    ElectsByLess = "elects-by-less", Quorum, LED, "One vote less than a majority elects.";
    CommitsByLess = "commits-by-less", Quorum, &[Raft], "One copy less than a majority commits.";
    CommitsOldTerms = "commits-old-terms", Order, &[Raft], "An entry of an earlier term is committed by counting its copies, before one of the leader's own follows it.";
    LeaderTrustsMemory = "leader-trusts-memory", Durability, LED, "A leader counts its own copy before it is on disk.";
    FollowerTrustsMemory = "follower-trusts-memory", Durability, LED, "A follower says that it has entries before they are on disk.";
    KeepsConflicts = "keeps-conflicts", Order, &[Raft, Primary], "A follower keeps its own entries where the leader has others.";
    CommitsUnmatched = "commits-unmatched", Trust, LED, "A follower commits as far as the leader says, whether or not its log is the same.";
    ReadsUnconfirmed = "reads-unconfirmed", Step, &[Raft, Primary], "A leader answers reads without asking whether it still leads.";
    LeaseTooLong = "lease-too-long", Trust, &[Raft, Primary], "A leader is sure of itself for much longer than others are loyal.";
    ReadsBeforeOwnEntry = "reads-before-own-entry", Step, &[Raft, Primary], "A new leader answers reads before it knows what is committed.";
    ReadsUnapplied = "reads-unapplied", Step, &[Raft, Primary], "A read is answered before what it waits for is applied.";
    Disloyal = "disloyal", Trust, &[Raft, Primary], "A node helps others to lead while it hears from a leader.";
    ObeysTheDeposed = "obeys-the-deposed", Trust, LED, "A node obeys leaders of earlier terms.";
    InsyncByOne = "insync-by-one", Quorum, &[Primary], "The primary alone decides who is in sync.";
    HeadAnswers = "head-answers", Step, &[Chain], "Each node commits what is on its own disk.";
    ReadsAnywhere = "reads-anywhere", Step, &[Chain], "A read is answered by the node that is asked.";
    TailTrustsMemory = "tail-trusts-memory", Durability, &[Chain], "A node says that entries are on disk before they are.";
    RepeatsRequests = "repeats-requests", Step, &[Raft, Primary, Chain], "A request that is passed on again is carried out again.";
}

impl Mutant {
    /// Whether it changes what a configuration does.
    pub fn applies_to(self, config: &Configuration) -> bool {
        let fits = match self {
            Self::NoWriteBack | Self::BumpsOnWriteBack | Self::StaleRepair => config.write_back,
            Self::ReadQuorumOffByOne => config.r > 1,
            Self::WriteQuorumOffByOne => config.w > 1,
            Self::BelievesOne => config.liars > 0,
            Self::ReadsUnconfirmed => config.reads == Reads::ReadIndex,
            Self::LeaseTooLong | Self::Disloyal => config.reads == Reads::Lease,
            Self::ReadsBeforeOwnEntry | Self::ReadsUnapplied => {
                matches!(config.reads, Reads::ReadIndex | Reads::Lease | Reads::Sync)
            }
            Self::InsyncByOne => config.acks == super::Acks::Insync,
            Self::ReadsAnywhere => config.reads == Reads::Tail,
            _ => true,
        };
        fits && self.protocols().contains(&config.protocol)
    }
}

impl Configuration {
    /// Whether the protocol has this bug.
    pub fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
