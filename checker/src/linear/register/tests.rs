//! Each search by itself against the oracle: in a check the second only runs where the first gives up.

use super::*;
use crate::search::run_engine;
use crate::verify::verify;
use crate::{FailedCas, History, Proof, Rules};

#[path = "../../../tests/common/mod.rs"]
mod common;
#[path = "../../../tests/common/oracle.rs"]
mod every_order;

use common::{Shape, history, scaled, shown};
use every_order::oracle;

/// One engine on one history, and whether it is linearizable.
fn decide(events: &[crate::Event], rules: &Rules, engine: Engine) -> bool {
    let recorded = History::from_events(events).expect("made histories are well-formed");
    let key = &recorded.keys[0];
    let lens = crate::linear::Lens::new(rules, &recorded.values);
    let items: Vec<Item> = lens.items(&key.ops).collect();
    let kept = keep_observable(&items);
    let plan = Plan::new(&kept, lens.initial);
    let search = run_engine::<u64, _>(&mut Register::new(&plan), Budget::GENEROUS, engine);
    match search {
        Search::Valid(order) => {
            let order = order.into_iter().map(|number| kept[number as usize].op).collect();
            let proof = Proof::Linearization(order);
            assert_eq!(verify(key, &recorded.values, rules, &proof), Ok(()), "{}", shown(events));
            true
        }
        Search::Invalid(_) => false,
        Search::GaveUp(gave_up) => panic!("{gave_up:?} on a small history"),
    }
}

#[test]
fn both_searches_agree_with_the_oracle() {
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
    let (mut invalid, count) = (0, scaled(10_000));
    for (i, (shape, rules)) in shapes.iter().enumerate() {
        for seed in 0..count {
            let events = history(seed + 10_000_000_000 * (i as u64 + 1), *shape);
            let expected = oracle(&events, rules);
            for engine in [Engine::DepthFirst, Engine::Frontier] {
                let found = decide(&events, rules, engine);
                assert_eq!(found, expected, "{engine:?} {rules:?}\n{}", shown(&events));
            }
            invalid += u64::from(!expected);
        }
    }
    let all = 4 * count;
    assert!((all / 10..all * 9 / 10).contains(&invalid), "{invalid} of {all} invalid");
}
