//! Checking while it happens: after every response the verdict is that of the history so far.

mod common;

use common::{Shape, history, rng, scaled, shown};
use quorate_checker::{
    Budget, Builder, Datum, Entry, Event, EventKind, FailedCas, History, NilRead, Process,
    ReadError, Reader, Rules, Stream, StreamAct, StreamKey, StreamRegisters, StreamRouter,
    StreamStanding, Value, Verdict, check, write_jsonl,
};
use rand::RngExt;

fn offline(events: &[Event], rules: &Rules) -> Verdict {
    let history = History::from_events(events).expect("made histories are well-formed");
    check(&history, rules, Budget::GENEROUS).verdict()
}

/// Compares the verdicts after every event. Returns whether the stream decided to the end.
fn agrees(events: &[Event], rules: &Rules) -> bool {
    let mut stream = Stream::new(rules.clone());
    for (place, event) in events.iter().enumerate() {
        stream.push(event).expect("made histories are well-formed");
        if stream.verdict() == Verdict::Unknown {
            return false;
        }
        let so_far = &events[..=place];
        if event.kind != EventKind::Invoke {
            assert_eq!(stream.verdict(), offline(so_far, rules), "{}", shown(so_far));
        }
        if stream.verdict() == Verdict::Invalid {
            let first = stream.keys().next().expect("there is a register").standing;
            assert_eq!(first, StreamStanding::Invalid(place as u32 + 1), "{}", shown(so_far));
            return true;
        }
    }
    true
}

const SMALL: Shape =
    Shape { op_count_max: 9, clients_max: 4, domain: None, cas: false, info: true, fail: true };

#[test]
fn distinct_values_are_decided_at_every_event() {
    for (number, shape) in [SMALL, Shape { cas: true, ..SMALL }].into_iter().enumerate() {
        let mut decided = 0;
        for seed in 0..scaled(20_000) {
            let events = history(seed + ((number as u64) << 32), shape);
            decided += u64::from(agrees(&events, &Rules::default()));
        }
        // Damage may repeat a value.
        assert!(decided * 10 > scaled(20_000) * 9, "only {decided}");
    }
}

#[test]
fn repeated_values_are_never_wrong() {
    let mut decided = 0;
    for seed in 0..scaled(10_000) {
        let shape = Shape { domain: Some(4), cas: seed % 2 == 0, ..SMALL };
        decided += u64::from(agrees(&history(seed, shape), &Rules::default()));
    }
    assert!(decided > scaled(1_000), "only {decided}");
}

#[test]
fn long_histories_forget_only_what_cannot_matter() {
    let shape = Shape { op_count_max: 120, clients_max: 8, ..SMALL };
    let (mut valid, mut invalid) = (0, 0);
    for seed in 0..scaled(600) {
        let shape = Shape { cas: seed % 2 == 0, ..shape };
        let events = history(seed, shape);
        let mut stream = Stream::new(Rules::default());
        for event in &events {
            stream.push(event).expect("well-formed");
        }
        let expected = offline(&events, &Rules::default());
        match stream.verdict() {
            Verdict::Unknown => continue,
            Verdict::Valid => valid += 1,
            Verdict::Invalid => invalid += 1,
        }
        assert_eq!(stream.verdict(), expected, "seed {seed}\n{}", shown(&events));
    }
    assert!(valid > scaled(100) && invalid > scaled(100), "{valid} valid, {invalid} invalid");
}

#[test]
fn rules_are_kept() {
    let rules = Rules { initial: Value::Int(0), nil_read: NilRead::Any, ..Rules::default() };
    for seed in 0..scaled(3_000) {
        agrees(&history(seed, SMALL), &rules);
    }
    let mismatch = Rules { failed_cas: FailedCas::Mismatch, ..Rules::default() };
    for seed in 0..scaled(3_000) {
        agrees(&history(seed, Shape { cas: true, ..SMALL }), &mismatch);
    }
}

/// A history of several registers, whose operations alternate as the seed has it.
fn mixed(seed: u64, shape: Shape, keys: u64) -> Vec<Event> {
    let mut rng = rng(seed);
    let parts: Vec<Vec<Event>> = (0..keys).map(|key| history(seed * keys + key, shape)).collect();
    let mut next = vec![0; parts.len()];
    let mut open: Vec<usize> = (0..parts.len()).filter(|part| !parts[*part].is_empty()).collect();
    let mut events = Vec::new();
    while !open.is_empty() {
        let part = open[rng.random_range(0..open.len())];
        let mut event = parts[part][next[part]].clone();
        event.key = Some(Datum::Int(part as i64));
        if let Process::Client(process) = &mut event.process {
            *process += 1000 * part as u32;
        }
        events.push(event);
        next[part] += 1;
        open.retain(|part| next[*part] < parts[*part].len());
    }
    events
}

#[test]
fn keys_do_not_disturb_each_other() {
    for seed in 0..scaled(300) {
        let events = mixed(seed, Shape { op_count_max: 12, ..SMALL }, 4);
        let mut stream = Stream::new(Rules::default());
        for event in &events {
            stream.push(event).expect("well-formed");
        }
        for key in stream.keys() {
            let name = key.key.as_ref().map(Value::to_datum);
            let of_key = events.iter().filter(|event| event.key == name).cloned();
            let expected = offline(&of_key.collect::<Vec<Event>>(), &Rules::default());
            let found = key.standing.verdict();
            assert!(found == expected || found == Verdict::Unknown, "seed {seed}, key {key:?}");
        }
    }
}

/// The events as a reader of their lines hands them out.
fn entries(events: &[Event]) -> Vec<Entry> {
    let mut text = Vec::new();
    for event in events {
        write_jsonl(&mut text, event).expect("memory takes it");
    }
    let mut reader = Reader::new(&text[..], None).expect("it is a history");
    let entries: Vec<Entry> = reader.entries().map(|entry| entry.expect("well-formed")).collect();
    assert_eq!(entries.len(), events.len());
    entries
}

#[test]
fn shares_find_what_the_whole_finds_at_the_same_positions() {
    let mut invalid = 0;
    for seed in 0..scaled(600) {
        let shape = Shape { op_count_max: 12, cas: seed % 2 == 0, ..SMALL };
        let events = mixed(seed, shape, 5);
        let entries = entries(&events);
        let mut whole = Stream::new(Rules::default());
        for event in &events {
            whole.push(event).expect("well-formed");
        }
        let expected: Vec<StreamKey> = whole.keys().collect();
        invalid += u64::from(whole.verdict() == Verdict::Invalid);
        for count in 1..8 {
            let rules = Rules::default();
            let mut router = StreamRouter::new(rules.clone());
            let mut acts: Vec<Vec<StreamAct>> = (0..count).map(|_| Vec::new()).collect();
            for entry in &entries {
                if let Some(act) = router.push_entry(entry).expect("well-formed") {
                    acts[act.key() as usize % count].push(act);
                }
            }
            let mut shares = Vec::new();
            for acts in &acts {
                let mut share = StreamRegisters::new(&rules, count as u32);
                for act in acts {
                    share.take(act);
                }
                shares.push(share.standings().collect::<Vec<_>>().into_iter());
            }
            let found = (0..router.key_count()).map(|number| StreamKey {
                key: router.name(number).cloned(),
                standing: shares[number as usize % count].next().expect("it has a share"),
            });
            assert_eq!(found.collect::<Vec<_>>(), expected, "seed {seed} in {count} shares");
            assert_eq!(router.event_count(), whole.event_count());
            assert_eq!(router.op_count(), whole.op_count());
        }
    }
    assert!(invalid > scaled(50), "only {invalid}");
}

/// The first event that is refused, and why.
fn refusal(
    entries: &[Entry],
    mut push: impl FnMut(&Entry) -> Result<(), ReadError>,
) -> Option<(usize, String)> {
    entries.iter().enumerate().find_map(|(place, entry)| {
        let error = push(entry).err()?;
        Some((place, error.to_string()))
    })
}

#[test]
fn the_fast_lane_refuses_what_the_long_way_refuses_and_takes_the_rest_alike() {
    let mut refused = 0;
    for seed in 0..scaled(3_000) {
        let mut rng = rng(seed);
        let shape = Shape { op_count_max: 8, cas: true, ..SMALL };
        let mut events = mixed(seed, shape, 3);
        if events.len() < 2 {
            continue;
        }
        // Something that does not fit: an event that is not there, or another process, key, function
        // or value.
        let place = rng.random_range(0..events.len());
        let other = events[rng.random_range(0..events.len())].clone();
        match rng.random_range(0..6) {
            0 => drop(events.remove(place)),
            1 => events[place].process = other.process,
            2 => events[place].key = other.key,
            3 => events[place].key = None,
            4 => (events[place].f, events[place].value) = (other.f, other.value),
            _ => events[place].value = Datum::Int(rng.random_range(-1..4)),
        }
        let entries = entries(&events);
        let (mut fast, mut long) = (Builder::default(), Builder::default());
        let found = refusal(&entries, |entry| fast.push_entry(entry));
        let expected = refusal(&entries, |entry| long.push(&entry.whole()));
        assert_eq!(found, expected, "{}", shown(&events));
        refused += u64::from(found.is_some());
        let keys = |builder: Builder| format!("{:?}", builder.finish().keys);
        assert_eq!(keys(fast), keys(long), "{}", shown(&events));

        let (mut fast, mut long) = (Stream::new(Rules::default()), Stream::new(Rules::default()));
        let found = refusal(&entries, |entry| fast.push_entry(entry));
        let expected = refusal(&entries, |entry| long.push(&entry.whole()));
        assert_eq!(found, expected, "{}", shown(&events));
        assert!(fast.keys().eq(long.keys()), "{}", shown(&events));
    }
    assert!(refused > scaled(500), "only {refused}");
}
