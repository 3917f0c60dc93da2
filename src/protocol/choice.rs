//! What a configuration leaves to choose besides numbers.

use serde::{Deserialize, Serialize};

/// When a replica acknowledges a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// After it is on disk for certain.
    SyncBeforeAck,
    /// Before: a crash that loses what was not synced loses acknowledged writes.
    AckBeforeSync,
}

impl Durability {
    /// Both.
    pub const ALL: [Self; 2] = [Self::SyncBeforeAck, Self::AckBeforeSync];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::SyncBeforeAck => "sync-before-ack",
            Self::AckBeforeSync => "ack-before-sync",
        }
    }
}

/// What replicas that lie say they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lies {
    /// A value that nobody wrote, with a version above all others.
    Forged,
    /// Nothing at all: all they can do where values are signed.
    Forgotten,
}

impl Lies {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Forged, Self::Forgotten];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Forgotten => "forgotten",
        }
    }
}

/// What a read waits for where all operations have one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// Until it has had its turn among the writes.
    Log,
    /// Until the leader has made sure that it still leads, and the node has applied what had been
    /// committed by then (Ongaro 2014, section 6.4).
    ReadIndex,
    /// The same, but the leader is sure of itself for a while after each confirmation, by its own clock
    /// (Ongaro 2014, section 6.4.1; Gray and Cheriton, "Leases", 1989).
    Lease,
    /// Until the node has applied what its leader says is committed; nobody asks whether it still leads
    /// (as ZooKeeper's sync followed by a read).
    Sync,
    /// Until the last node of the chain has answered.
    Tail,
    /// For nothing: the node that is asked answers from what it has applied.
    Any,
}

impl Reads {
    /// All of them, the stricter ones first.
    pub const ALL: [Self; 6] =
        [Self::Log, Self::ReadIndex, Self::Lease, Self::Sync, Self::Tail, Self::Any];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::ReadIndex => "read-index",
            Self::Lease => "lease",
            Self::Sync => "sync",
            Self::Tail => "tail",
            Self::Any => "any",
        }
    }
}

/// What a write of a primary waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Acks {
    /// Until so many nodes besides the primary have it: none for asynchronous replication.
    Count(u16),
    /// Until all nodes that are in sync have it. Those that lag are dropped from these, and come back
    /// when they have caught up, both by decision of a majority (as in Kafka with `acks=all`).
    Insync,
}

/// Who may become primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Election {
    /// Who knows at least as much as each of its voters; where there are nodes in sync, one of these.
    Latest,
    /// Whoever asks first, however little it knows ("unclean").
    Any,
}

impl Election {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Latest, Self::Any];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Latest => "latest",
            Self::Any => "any",
        }
    }
}

/// What a read does if a witness knows a later version than those that have values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingValue {
    /// It waits until somebody answers who has the value.
    Wait,
    /// It returns the latest value that it has found.
    ReturnOlder,
}

impl MissingValue {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Wait, Self::ReturnOlder];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::ReturnOlder => "return-older",
        }
    }
}

/// Whom a phase asks, and how many answers are enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// All; the first R or W answers are enough.
    All,
    /// Just enough, those that are suspected of being down last; the others, too, when one of these is late.
    Enough,
    /// R or W of them by chance, and waits for all of these (Malkhi, Reiter and Wright, "Probabilistic quorum
    /// systems", PODC 1997).
    Chance,
    /// All; answers from a majority of those that are believed alive are enough, however few that are.
    Alive,
}

impl Asks {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::All, Self::Enough, Self::Chance, Self::Alive];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Enough => "enough",
            Self::Chance => "chance",
            Self::Alive => "alive",
        }
    }
}

/// How the replicas of a cluster change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Together: quorums are of both until a majority of the new ones has what the old ones had.
    Joint,
    /// Each node by itself, when its time has come.
    Alone,
}

impl Change {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Joint, Self::Alone];

    /// The word of workloads and of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Joint => "joint",
            Self::Alone => "alone",
        }
    }
}

/// A setting that means something to some protocols only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// R.
    R,
    /// W.
    W,
    /// [`Configuration::system`](super::Configuration::system).
    System,
    /// [`Configuration::write_back`](super::Configuration::write_back).
    WriteBack,
    /// [`Configuration::read_repair`](super::Configuration::read_repair).
    ReadRepair,
    /// [`Configuration::replicas`](super::Configuration::replicas).
    Replicas,
    /// PR.
    Pr,
    /// PW.
    Pw,
    /// [`Configuration::liars`](super::Configuration::liars).
    Liars,
    /// [`Configuration::lies`](super::Configuration::lies).
    Lies,
    /// [`Configuration::reads`](super::Configuration::reads).
    Reads,
    /// [`Configuration::acks`](super::Configuration::acks).
    Acks,
    /// [`Configuration::min_insync`](super::Configuration::min_insync).
    MinInsync,
    /// [`Configuration::election`](super::Configuration::election).
    Election,
    /// [`Configuration::plain_writes`](super::Configuration::plain_writes).
    PlainWrites,
    /// [`Configuration::anti_entropy`](super::Configuration::anti_entropy).
    AntiEntropy,
    /// [`Configuration::witnesses`](super::Configuration::witnesses).
    Witnesses,
    /// [`Configuration::missing_value`](super::Configuration::missing_value).
    MissingValue,
    /// [`Configuration::asks`](super::Configuration::asks).
    Asks,
    /// [`Configuration::digests`](super::Configuration::digests).
    Digests,
    /// [`Configuration::members`](super::Configuration::members).
    Members,
    /// [`Configuration::new_members`](super::Configuration::new_members).
    NewMembers,
    /// [`Configuration::change`](super::Configuration::change).
    Change,
    /// [`Configuration::change_after`](super::Configuration::change_after).
    ChangeAfter,
}

impl Setting {
    /// The word of workloads.
    pub fn name(self) -> &'static str {
        match self {
            Self::R => "r",
            Self::W => "w",
            Self::System => "system",
            Self::WriteBack => "write_back",
            Self::ReadRepair => "read_repair",
            Self::Replicas => "replicas",
            Self::Pr => "pr",
            Self::Pw => "pw",
            Self::Liars => "liars",
            Self::Lies => "lies",
            Self::Reads => "reads",
            Self::Acks => "acks",
            Self::MinInsync => "min_insync",
            Self::Election => "election",
            Self::PlainWrites => "plain_writes",
            Self::AntiEntropy => "anti_entropy",
            Self::Witnesses => "witnesses",
            Self::MissingValue => "missing_value",
            Self::Asks => "asks",
            Self::Digests => "digests",
            Self::Members => "members",
            Self::NewMembers => "new_members",
            Self::Change => "change",
            Self::ChangeAfter => "change_after",
        }
    }
}
