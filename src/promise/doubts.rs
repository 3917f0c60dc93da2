//! Which of the things that people get wrong about quorums may be wrong with a configuration.

use crate::protocol::{Configuration, Protocol, Setting};
use crate::quorum::Doubts;

/// What may be wrong with this configuration though its quorums meet.
pub fn doubts(config: &Configuration) -> Doubts {
    let protocol = config.protocol;
    let can_write_back = protocol.facts().settings.contains(&Setting::WriteBack);
    Doubts {
        counts_votes: protocol == Protocol::Voting,
        reads_only: can_write_back && !config.write_back
            || matches!(protocol, Protocol::Siblings | Protocol::Voting),
        clocks: matches!(protocol, Protocol::Lww | Protocol::Sloppy) || config.plain_writes,
        stand_ins: protocol == Protocol::Sloppy && config.replicas < config.n,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_wrong_is_doubted() {
        let of = |protocol| doubts(&Configuration::new(protocol, 5, 3, 3));
        let none =
            Doubts { counts_votes: false, reads_only: false, clocks: false, stand_ins: false };
        for protocol in [Protocol::Abd, Protocol::Gifford, Protocol::CasPaxos, Protocol::Raft] {
            assert_eq!(of(protocol), none, "{protocol:?}");
        }
        let lww = of(Protocol::Lww);
        assert_eq!(lww, Doubts { reads_only: true, clocks: true, ..none });
        let written_back =
            Configuration { write_back: true, ..Configuration::new(Protocol::Lww, 3, 2, 2) };
        assert_eq!(doubts(&written_back), Doubts { clocks: true, ..none });
        assert_eq!(of(Protocol::Voting), Doubts { counts_votes: true, reads_only: true, ..none });
        let sloppy = Configuration { replicas: 3, ..Configuration::new(Protocol::Sloppy, 5, 2, 2) };
        assert!(doubts(&sloppy).stand_ins && !of(Protocol::Sloppy).stand_ins);
        let mixed =
            Configuration { plain_writes: true, ..Configuration::new(Protocol::CasPaxos, 3, 2, 2) };
        assert!(doubts(&mixed).clocks);
    }
}
