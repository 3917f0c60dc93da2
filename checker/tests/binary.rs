//! The binary form: what was written comes back, whatever it was; what is damaged is refused, and what
//! is cut off is read up to there.

use std::borrow::Cow;

use proptest::prelude::*;
use quorate_checker::{BinaryWriter, Datum, Event, EventKind, Format, Process, ReadError, Reader};

fn scalar() -> impl Strategy<Value = Datum> {
    prop_oneof![
        Just(Datum::Nil),
        any::<bool>().prop_map(Datum::Bool),
        (0..100_i64).prop_map(Datum::Int),
        any::<i64>().prop_map(Datum::Int),
        ".{0,8}".prop_map(|text| Datum::text(&text)),
        "[a-z]{1,8}".prop_map(|name| Datum::Keyword(name.into())),
    ]
}

/// A value that only the JSON column holds, where keywords would become strings.
fn odd() -> impl Strategy<Value = Datum> {
    let plain = prop_oneof![Just(Datum::Nil), any::<i64>().prop_map(Datum::Int)];
    prop_oneof![
        Just(Datum::Float(1.5)),
        prop::collection::vec(plain, 0..4).prop_map(Datum::List),
        Just(Datum::Map(vec![(Datum::text("a"), Datum::Int(1))])),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec![
        EventKind::Invoke,
        EventKind::Ok,
        EventKind::Fail,
        EventKind::Info,
    ]);
    let regular = (
        0..1_u32 << 28,
        kind.clone(),
        prop::sample::select(vec!["read", "write"]),
        prop::option::of(scalar()),
        scalar(),
        prop::option::of(scalar()),
    );
    let time = prop::option::of(prop_oneof![any::<i64>(), 0..1_000_000_i64]);
    let regular = (regular, time.clone(), any::<bool>()).prop_map(
        |((process, kind, f, key, value, observed), time, cas)| {
            let (f, value) =
                if cas { ("cas", Datum::List(vec![value, Datum::Int(7)])) } else { (f, value) };
            make(Process::Client(process), kind, f.into(), key, value, observed, time, Vec::new())
        },
    );
    let other = (kind, odd(), time, any::<bool>()).prop_map(|(kind, value, time, nemesis)| {
        let process = if nemesis { Process::Nemesis } else { Process::Client(3) };
        let extra = vec![("error".into(), Datum::text("timeout"))];
        make(process, kind, "partition".into(), None, value, None, time, extra)
    });
    prop_oneof![4 => regular, 1 => other]
}

#[expect(clippy::too_many_arguments, reason = "an event has so many fields")]
fn make(
    process: Process,
    kind: EventKind,
    f: Cow<'static, str>,
    key: Option<Datum>,
    value: Datum,
    observed: Option<Datum>,
    time: Option<i64>,
    extra: Vec<(Box<str>, Datum)>,
) -> Event {
    Event { line: 0, index: None, time, process, kind, f, key, value, observed, extra }
}

fn written(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = BinaryWriter::new(&mut bytes).expect("memory takes it");
    for (number, event) in events.iter().enumerate() {
        writer.push(event).expect("memory takes it");
        if number % 7 == 6 {
            writer.flush().expect("memory takes it");
        }
    }
    writer.flush().expect("memory takes it");
    bytes
}

fn read(bytes: &[u8]) -> (Vec<Event>, Option<ReadError>, Option<u64>) {
    let mut reader = Reader::new(bytes, None).expect("it begins as it must");
    assert_eq!(reader.format(), Format::Binary);
    let (mut events, mut error) = (Vec::new(), None);
    for event in reader.by_ref() {
        match event {
            Ok(event) => events.push(event),
            Err(problem) => error = Some(problem),
        }
    }
    (events, error, reader.truncated())
}

/// Events as they come back: numbered, and with indexes that rise.
fn numbered(mut events: Vec<Event>, indexes: &[u64]) -> Vec<Event> {
    let mut index = 0;
    for (number, event) in events.iter_mut().enumerate() {
        event.line = number as u64 + 1;
        if let Some(step) = indexes.get(number) {
            index += step;
            event.index = Some(index);
            index += 1;
        }
    }
    events
}

fn history() -> impl Strategy<Value = Vec<Event>> {
    let step = prop_oneof![9 => Just(0_u64), 1 => 0..5_u64];
    (prop::collection::vec(event(), 1..40), prop::collection::vec(step, 0..40))
        .prop_map(|(events, indexes)| numbered(events, &indexes))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_was_written_comes_back(events in history()) {
        let (back, error, truncated) = read(&written(&events));
        prop_assert!(error.is_none() && truncated.is_none(), "{:?}", error);
        prop_assert_eq!(back, events);
    }

    #[test]
    fn what_is_cut_off_is_read_up_to_there(events in history(), share in 0..1000_usize) {
        let bytes = written(&events);
        let cut = 8 + (bytes.len() - 8) * share / 1000;
        let (back, error, truncated) = read(&bytes[..cut]);
        prop_assert!(error.is_none(), "{:?}", error);
        prop_assert_eq!(&back[..], &events[..back.len()]);
        prop_assert!(truncated.is_none_or(|line| line == back.len() as u64 + 1));
    }

    #[test]
    fn what_is_damaged_is_refused(events in history(), place: usize, bit in 0..8_u32) {
        let mut bytes = written(&events);
        let place = 8 + place % (bytes.len() - 8);
        bytes[place] ^= 1 << bit;
        let (back, error, truncated) = read(&bytes);
        prop_assert!(error.is_some() || truncated.is_some());
        prop_assert_eq!(&back[..], &events[..back.len()]);
    }
}
