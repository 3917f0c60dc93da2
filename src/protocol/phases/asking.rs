//! Whom a coordinator asks in a phase, and how many answers are enough, where it does not simply ask all and take
//! the first answers.

use super::super::choice::Asks;
use super::super::message::RequestId;
use super::super::set::NodeSet;
use super::super::{Configuration, NodeId};

/// What a phase needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) enum Need {
    /// A read quorum.
    #[default]
    Read,
    /// A write quorum.
    Write,
}

impl Need {
    fn is_met(self, config: &Configuration, nodes: NodeSet) -> bool {
        match self {
            Self::Read => config.is_read_quorum(nodes),
            Self::Write => config.is_write_quorum(nodes),
        }
    }
}

/// Who takes part in a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Part {
    /// Who is asked.
    pub(super) asked: NodeSet,
    /// Whose answers the phase counts on.
    pub(super) counted_on: NodeSet,
}

/// Chooses whom to ask in a phase of a request that the node `id` coordinates, which suspects some nodes of
/// being down.
pub(super) fn choose(
    config: &Configuration,
    id: NodeId,
    request: RequestId,
    need: Need,
    suspects: NodeSet,
) -> Part {
    let all = NodeSet::first(config.n);
    match config.asks {
        Asks::All => Part { asked: all, counted_on: all },
        Asks::Enough => {
            let enough = enough(config, id, need, suspects);
            Part { asked: enough, counted_on: enough }
        }
        Asks::Chance => {
            let chosen = by_chance(config, request, need);
            Part { asked: chosen, counted_on: chosen }
        }
        // Those who are suspected are asked all the same, or nobody would ever hear that they are back.
        Asks::Alive => {
            let alive = all.iter().filter(|node| !suspects.contains(*node)).collect();
            Part { asked: all, counted_on: alive }
        }
    }
}

/// Whether the answers of a phase are enough.
pub(super) fn is_enough(config: &Configuration, need: Need, part: Part, answered: NodeSet) -> bool {
    match config.asks {
        Asks::All | Asks::Enough => need.is_met(config, answered),
        Asks::Chance => answered.contains_all(part.counted_on),
        Asks::Alive => answered.len() > part.counted_on.len() / 2,
    }
}

/// A quorum of the node itself and those that follow it in the ring, the suspects last.
fn enough(config: &Configuration, id: NodeId, need: Need, suspects: NodeSet) -> NodeSet {
    let ring = || (0..config.n).map(|step| (id + step) % config.n);
    let trusted = ring().filter(|node| !suspects.contains(*node));
    let others = ring().filter(|node| suspects.contains(*node));
    let mut chosen = NodeSet::EMPTY;
    for node in trusted.chain(others) {
        if need.is_met(config, chosen) {
            break;
        }
        chosen.insert(node);
    }
    chosen
}

/// R or W nodes, all sets of so many alike: drawn by the name of the request, which no two share, so that the
/// same run told again as a script asks the same nodes.
fn by_chance(config: &Configuration, request: RequestId, need: Need) -> NodeSet {
    let (count, salt) = match need {
        Need::Read => (config.r, 0),
        Need::Write => (config.w, 1 << 63),
    };
    let mut state = request.0 ^ salt;
    let mut nodes: Vec<NodeId> = (0..config.n).collect();
    for place in 0..usize::from(count) {
        state = mixed(state);
        let left = (nodes.len() - place) as u64;
        nodes.swap(place, place + (state % left) as usize);
    }
    nodes.into_iter().take(count.into()).collect()
}

/// The next number of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
fn mixed(state: u64) -> u64 {
    let mut number = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::Protocol;
    use super::*;

    fn config(asks: Asks) -> Configuration {
        Configuration { asks, ..Configuration::new(Protocol::Abd, 5, 2, 3) }
    }

    fn set(nodes: &[NodeId]) -> NodeSet {
        nodes.iter().copied().collect()
    }

    #[test]
    fn enough_are_the_next_ones_and_suspects_come_last() {
        let config = config(Asks::Enough);
        let asked = |need, suspects| choose(&config, 3, RequestId(1), need, set(suspects)).asked;
        assert_eq!(asked(Need::Read, &[]), set(&[3, 4]));
        assert_eq!(asked(Need::Write, &[]), set(&[3, 4, 0]));
        assert_eq!(asked(Need::Write, &[4, 0]), set(&[3, 1, 2]));
        assert_eq!(asked(Need::Write, &[0, 1, 2, 4]), set(&[3, 4, 0]));
    }

    #[test]
    fn those_believed_alive_decide_how_many_are_enough() {
        let config = config(Asks::Alive);
        let part = choose(&config, 0, RequestId(1), Need::Write, set(&[2, 3, 4]));
        assert_eq!(part.asked, NodeSet::first(5));
        assert_eq!(part.counted_on, set(&[0, 1]));
        assert!(!is_enough(&config, Need::Write, part, set(&[0])));
        assert!(is_enough(&config, Need::Write, part, set(&[0, 1])));
    }

    #[test]
    fn chance_waits_for_whom_it_asked_and_favours_nobody() {
        let config = config(Asks::Chance);
        let part = choose(&config, 0, RequestId(1), Need::Read, NodeSet::EMPTY);
        let others = NodeSet::first(5).iter().filter(|node| !part.asked.contains(*node)).collect();
        assert_eq!(part.asked.len(), 2);
        assert!(is_enough(&config, Need::Read, part, part.asked));
        assert!(!is_enough(&config, Need::Read, part, others));
        let mut drawn: BTreeMap<u64, u64> = BTreeMap::new();
        for request in 0..10_000 {
            let part = choose(&config, 0, RequestId(request), Need::Read, NodeSet::EMPTY);
            *drawn.entry(part.asked.into()).or_default() += 1;
        }
        assert_eq!(drawn.len(), 10, "all pairs of five nodes");
        // Each pair a thousand times, give or take five standard deviations of 30.
        assert!(drawn.values().all(|times| (850..1150).contains(times)), "{drawn:?}");
    }
}
