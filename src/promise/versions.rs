//! Registers of versions: what they promise depends on who meets whom, on how a version is chosen, and on
//! whether a read stores what it returns.

use super::liars;
use super::theory::{Condition, Hazards, Promise, promise, read_write_sum, write_write_sum};
use super::{reads_meet_writes, writes_meet_writes};
use crate::protocol::{Asks, Configuration, MissingValue, Protocol};
use crate::quorum::miss_probability;

/// Whoever is believed alive decides; `None` if that is not what quorums are made of.
pub(super) fn believed_alive(config: &Configuration, hazards: Hazards) -> Option<Promise> {
    if config.asks != Asks::Alive || config.n == 1 {
        return None;
    }
    let strict = promise(&Configuration { asks: Asks::Enough, ..config.clone() }, hazards);
    let remedy = "asks = \"enough\"";
    Some(Promise {
        condition: Condition::Eventual,
        because: "asks = \"alive\": a majority of the nodes believed alive is enough, not R or W".into(),
        reason: "Nodes that are cut off from each other believe each other down. Each side then goes on with \
                 quorums of its own, which do not meet."
            .into(),
        remedy: match strict.condition {
            Condition::Nothing | Condition::Eventual => format!("{remedy}; and {}", strict.remedy),
            _ => remedy.to_owned(),
        },
        source: "Davčev and Burkhard, \"Consistency and recovery control for replicated files\", SOSP 1985, \
                 on how to shrink quorums safely",
    })
}

/// Reads need not meet writes.
pub(super) fn missed_reads(config: &Configuration) -> Promise {
    let Configuration { n, r, w, .. } = *config;
    let missed = match config.asks {
        Asks::Chance => format!(
            ", and of reads {:.1} % miss the last write",
            100.0 * miss_probability(n.into(), r.into(), w.into())
        ),
        Asks::All | Asks::Enough | Asks::Alive => String::new(),
    };
    Promise {
        condition: Condition::Eventual,
        because: read_write_sum(config) + &missed,
        reason: "A read quorum need not meet the quorum of the last write, so a read may miss a \
                 write that had completed before it began."
            .into(),
        remedy: if let Some(system) = &config.system {
            let dual = system.reads.dual();
            format!("write_quorums = \"{}\", which meet all reads", dual.show(&system.names))
        } else if writes_meet_writes(config) {
            format!("R = {}, so that R + W > N", config.n - config.w + 1)
        } else {
            format!("R = W = {}, so that any two quorums meet", config.n / 2 + 1)
        },
        source: "Gifford 1979; Bailis et al., \"Probabilistically bounded staleness\", 2012",
    }
}

/// Writes need not meet each other.
pub(super) fn missed_writes(config: &Configuration) -> Promise {
    Promise {
        condition: Condition::Eventual,
        because: write_write_sum(config),
        reason:
            "The query of a write need not meet the write before it, so a later write may choose a \
                 lower version and never be read."
                .into(),
        remedy: if config.system.is_some() {
            "write quorums that meet each other, such as majorities".into()
        } else {
            format!("W = {}, so that W + W > N", config.n / 2 + 1)
        },
        source: "Lynch and Shvartsman 1997; Gifford 1979",
    }
}

/// Whether a read sees whatever an earlier read saw, although that was not written back: both ask all
/// replicas, and no replica forgets what it answered.
fn reads_repeat(config: &Configuration, hazards: Hazards) -> bool {
    config.r == config.n && !hazards.lost_unsynced
}

/// Counted versions, two phases.
pub(super) fn abd(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Attiya, Bar-Noy and Dolev 1995; Lynch and Shvartsman 1997";
    let Configuration { n, w, .. } = *config;
    if config.liars > 0
        && let Some(promise) = liars::plain(config)
    {
        return promise;
    }
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !writes_meet_writes(config) {
        return missed_writes(config);
    }
    if let Some(promise) = witnesses_only(config) {
        return promise;
    }
    if !config.write_back && w == n && reads_repeat(config, hazards) {
        return Promise {
            condition: Condition::Linearizable,
            because: format!("R = W = N = {n}"),
            reason: "Every operation asks every replica, so whatever one read saw, each later \
                     operation sees, too."
                .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    if !config.write_back && w == n {
        return Promise {
            condition: Condition::Regular,
            because: format!("W = N = {n}, but reads do not write back"),
            reason:
                "A read finds every completed write, and a write finds everything that was read. \
                     While a write is under way, one read may return its value and a later one, at \
                     other replicas, the value before it."
                    .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    if !config.write_back {
        return Promise {
            condition: Condition::WeakRegular,
            because: format!("{}, but reads do not write back", read_write_sum(config)),
            reason: "A read finds every completed write. While a write is under way, one read may \
                     return its value and a later one, at other replicas, the value before it; and \
                     a write that begins in between may choose a version below the one that was read."
                .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{} and {}", read_write_sum(config), write_write_sum(config)),
        reason: "Every read meets every completed write, every write chooses a version above all \
                 completed ones, and a read stores what it returns before it returns it."
            .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}

/// What is left where reads return older values than witnesses know of, and perhaps only witnesses know;
/// `None` if that changes nothing.
fn witnesses_only(config: &Configuration) -> Option<Promise> {
    let Configuration { n, r, w, witnesses, .. } = *config;
    let common = r + w - n;
    let is_told = config.missing_value == MissingValue::Wait || common > witnesses;
    (!is_told).then(|| Promise {
        condition: Condition::Eventual,
        because: format!(
            "missing_value = \"return-older\", and R + W - N = {common} <= {witnesses} witnesses"
        ),
        reason: "The quorum of a read and that of the last write may have only witnesses in common, which \
                 know that there is a later version and have no value to go with it."
            .into(),
        remedy: "missing_value = \"wait\"".into(),
        source: "Pâris, \"Voting with witnesses\", ICDCS 1986",
    })
}

/// The change to versions that are counted, and whatever makes that worth it.
pub(super) fn count_versions(config: &Configuration, hazards: Hazards) -> String {
    let counted = abd(&Configuration { protocol: Protocol::Abd, ..config.clone() }, hazards);
    let remedy = "protocol = \"abd\", which counts versions";
    if counted.condition > Condition::Eventual {
        remedy.to_owned()
    } else {
        format!("{remedy}; and {}", counted.remedy)
    }
}

/// Versions that are readings of clocks.
pub(super) fn lww(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Dynamo-style stores; Kingsbury on Cassandra, 2013";
    if hazards.clock_skew {
        return Promise {
            condition: Condition::Eventual,
            because: "versions are readings of clocks that differ".into(),
            reason:
                "A write that is stamped by a slow clock loses against an older one stamped by a \
                     fast clock: it is acknowledged, and never read."
                    .into(),
            remedy: count_versions(config, hazards),
            source: SOURCE,
        };
    }
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !config.write_back && reads_repeat(config, hazards) {
        return Promise {
            condition: Condition::Linearizable,
            because: format!("R = N = {}, and clocks agree", config.n),
            reason:
                "As long as all clocks agree, stamps order writes as real time does, and a read \
                     asks every replica: whatever one read saw, each later one sees, too."
                    .into(),
            remedy: String::new(),
            source: SOURCE,
        };
    }
    if !config.write_back {
        return Promise {
            condition: Condition::Regular,
            because: format!("{}, clocks agree, but reads do not write back", read_write_sum(config)),
            reason: "As long as all clocks agree, a read finds every completed write. While a write \
                     is under way, one read may return its value and a later one the value before it."
                .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{}, clocks agree, and reads write back", read_write_sum(config)),
        reason: "As long as all clocks agree, stamps order writes as real time does, and a read \
                 stores what it returns before it returns it."
            .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}

/// One writer, which counts by itself.
pub(super) fn single_writer(config: &Configuration, hazards: Hazards) -> Promise {
    const SOURCE: &str = "Attiya, Bar-Noy and Dolev 1995";
    if hazards.many_writers {
        return Promise {
            condition: Condition::Eventual,
            because: "several clients write the same register, and each counts by itself".into(),
            reason:
                "The count of one writer says nothing about that of another, so a later write may \
                     have the lower version and never be read."
                    .into(),
            remedy: if reads_meet_writes(config) {
                "clients.writers = \"one\"".into()
            } else {
                format!("clients.writers = \"one\"; and {}", missed_reads(config).remedy)
            },
            source: SOURCE,
        };
    }
    if !reads_meet_writes(config) {
        return missed_reads(config);
    }
    if !config.write_back && !reads_repeat(config, hazards) {
        return Promise {
            condition: Condition::Regular,
            because: format!("{}, but reads do not write back", read_write_sum(config)),
            reason: "A read finds every completed write. While a write is under way, one read may return \
                     its value and a later one, at other replicas, the value before it."
                .into(),
            remedy: "write_back = true".into(),
            source: SOURCE,
        };
    }
    Promise {
        condition: Condition::Linearizable,
        because: format!("{}, and there is one writer", read_write_sum(config)),
        reason:
            "The writer orders its writes itself, every read meets every completed write, and what \
                 one read returned each later one finds."
                .into(),
        remedy: String::new(),
        source: SOURCE,
    }
}
