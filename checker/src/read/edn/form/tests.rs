//! A form ends where the parser says, and is as deep as what it makes of it.

use clojure_reader::edn::{Edn, read};
use proptest::prelude::*;

use super::{Ended, Form};

/// Where the first value ends, discarded forms aside, and how deep it goes.
fn first_value(text: &str) -> Option<(usize, usize)> {
    let (mut form, mut depth) = (Form::default(), 0);
    for (at, next) in text.char_indices() {
        if form.ends_before(next) == Some(Ended::Value) {
            return Some((at, depth));
        }
        if form.push(next) == Some(Ended::Value) {
            return Some((at + next.len_utf8(), depth));
        }
        depth = depth.max(form.depth());
    }
    (form.ends_before(' ') == Some(Ended::Value)).then_some((text.len(), depth))
}

fn depth(edn: &Edn<'_>) -> usize {
    match edn {
        Edn::Vector(items) | Edn::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Edn::Set(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Edn::Map(entries) => {
            1 + entries.iter().map(|(k, v)| depth(k).max(depth(v))).max().unwrap_or(0)
        }
        Edn::Tagged(_, inner) => 1 + depth(inner),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parser_agrees(tokens in prop::collection::vec(
        prop::sample::select(vec![
            "[", "]", "[", "]", "(", ")", "#{", "{", "}", "#a", "#_", "#", "1", "b", ":c", "\"", "\"d\"",
            "\\", "\\[", "\\\\", "\\newline", ";", "\n", "\r", " ", " ", ",", "\u{3000}", "é", "'", "^",
        ]),
        0..14,
    )) {
        let text = tokens.concat();
        if let Ok((edn, rest)) = read(&text) {
            let (end, deepest) = first_value(&text).expect("what can be parsed has ended");
            prop_assert_eq!(&text[end..], rest, "{:?}", text);
            // Discarded forms count, too.
            prop_assert!(deepest >= depth(&edn), "{:?}", text);
        }
    }
}
