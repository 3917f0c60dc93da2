//! Each search by itself against the oracle: in a check the second only runs where the first gives up.

use super::*;
use crate::search::{run_alone, run_in_turn};
use crate::verify::verify;
use crate::{FailedCas, History, Proof, Rules};

#[path = "../../../tests/common/mod.rs"]
mod common;
#[path = "../../../tests/common/oracle.rs"]
mod every_order;

use common::{Shape, history, scaled, shown};
use every_order::oracle;

/// How to search.
#[derive(Debug, Clone, Copy)]
enum How {
    Alone(Engine),
    /// Breadth first, after so many steps depth first.
    InTurn(u64),
}

/// What one way to search says of one history: the operation at whose return nothing explains it any
/// more, if it is not linearizable; and by which engine.
fn decide(events: &[crate::Event], rules: &Rules, how: How) -> (Option<u32>, Engine) {
    let recorded = History::from_events(events).expect("made histories are well-formed");
    let key = &recorded.keys[0];
    let lens = crate::linear::Lens::new(rules, &recorded.values);
    let items: Vec<Item> = lens.items(&key.ops).collect();
    let kept = keep_observable(&items);
    let plan = Plan::new(&kept, lens.initial);
    let (search, engine) = match how {
        How::Alone(engine) => {
            let mut register = Register::new(&plan);
            (run_alone::<u64, _>(&mut register, Budget::GENEROUS, engine), engine)
        }
        How::InTurn(steps) => {
            run_in_turn::<u64, _>(|| Register::new(&plan), steps, Budget::GENEROUS)
        }
    };
    let refuting = match search {
        Search::Valid(order) => {
            let order = order.into_iter().map(|number| kept[number as usize].op).collect();
            let proof = Proof::Linearization(order);
            assert_eq!(verify(key, &recorded.values, rules, &proof), Ok(()), "{}", shown(events));
            None
        }
        Search::Invalid(number) => Some(kept[number as usize].op),
        Search::GaveUp(gave_up) => panic!("{gave_up:?} on a small history"),
    };
    (refuting, engine)
}

#[test]
fn searches_agree_with_the_oracle_and_refute_at_the_same_return() {
    let shape = Shape {
        op_count_max: 8,
        clients_max: 4,
        domain: Some(3),
        cas: true,
        info: true,
        fail: true,
    };
    let mismatch = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    let shapes = [
        (shape, Rules::default()),
        (shape, mismatch.clone()),
        (Shape { domain: None, ..shape }, mismatch),
        (Shape { domain: Some(2), cas: false, clients_max: 6, ..shape }, Rules::default()),
    ];
    let (mut invalid, mut handed_on, count) = (0, 0, scaled(10_000));
    for (i, (shape, rules)) in shapes.iter().enumerate() {
        for seed in 0..count {
            let events = history(seed + 10_000_000_000 * (i as u64 + 1), *shape);
            let expected = oracle(&events, rules);
            let (refuting, _) = decide(&events, rules, How::Alone(Engine::Frontier));
            assert_eq!(refuting.is_none(), expected, "{rules:?}\n{}", shown(&events));
            let others = [How::Alone(Engine::DepthFirst), How::InTurn(seed % 4 + 1)];
            for how in others {
                let (found, engine) = decide(&events, rules, how);
                assert_eq!(found, refuting, "{how:?} {rules:?}\n{}", shown(&events));
                let is_second = matches!(how, How::InTurn(_)) && engine == Engine::Frontier;
                handed_on += u64::from(is_second);
            }
            invalid += u64::from(!expected);
        }
    }
    let all = 4 * count;
    assert!(handed_on > all / 40, "only {handed_on} of {all} were handed on");
    assert!((all / 10..all * 9 / 10).contains(&invalid), "{invalid} of {all} invalid");
}
