//! Small histories of one register, well-formed whatever the bytes are, against an oracle that tries
//! every order.
#![no_main]

#[path = "../../tests/common/oracle.rs"]
mod oracle;

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Datum, Event, EventKind, History, Process, Value, Verdict, check};
use quorate_checker_fuzz::bytes::Bytes;
use quorate_checker_fuzz::{BUDGET, all_rules, judge};

const OPS_MAX: u8 = 9;

fuzz_target!(|bytes: &[u8]| {
    let events = events(&mut Bytes(bytes));
    let history = History::from_events(&events).expect("well-formed");
    for initial in [Value::Nil, Value::Int(1)] {
        for rules in all_rules(&initial) {
            judge(&history, &rules);
            let verdict = check(&history, &rules, BUDGET).verdict();
            let linearizable = oracle::oracle(&events, &rules);
            assert!(
                verdict == Verdict::Unknown || (verdict == Verdict::Valid) == linearizable,
                "{verdict}, but the oracle says {linearizable} under {rules:?}: {events:#?}"
            );
        }
    }
});

/// Null stands for 0.
fn datum(value: i64) -> Datum {
    if value == 0 { Datum::Nil } else { Datum::Int(value) }
}

/// The operation that a client has open.
type Open = (&'static str, Datum);

/// Three clients, each with a new process after an info.
struct Maker {
    distinct: bool,
    timed: bool,
    op_count: u8,
    processes: [u32; 3],
    open: [Option<Open>; 3],
}

fn events(bytes: &mut Bytes) -> Vec<Event> {
    let kind = bytes.below(4);
    let mut maker = Maker {
        distinct: kind & 1 == 0,
        timed: kind & 2 == 0,
        op_count: 0,
        processes: [0, 1, 2],
        open: [None, None, None],
    };
    let (mut events, mut time) = (Vec::new(), 0);
    while !bytes.is_empty() {
        time += i64::from(bytes.below(4));
        let event = maker.step(bytes);
        events.extend(event.map(|event| Event { time: maker.timed.then_some(time), ..event }));
    }
    events
}

impl Maker {
    fn step(&mut self, bytes: &mut Bytes) -> Option<Event> {
        let client = usize::from(bytes.below(3));
        let process = self.processes[client];
        let (kind, f, value, observed) = match self.open[client].take() {
            None if self.op_count == OPS_MAX => return None,
            None => {
                self.op_count += 1;
                let (f, value) = self.asked(bytes);
                self.open[client] = Some((f, value.clone()));
                (EventKind::Invoke, f, value, None)
            }
            Some(("read", _)) => {
                let found = i64::from(bytes.below(5));
                (self.outcome(client, bytes), "read", datum(found), None)
            }
            Some((f, value)) => {
                let kind = self.outcome(client, bytes);
                let met = i64::from(bytes.below(6));
                let fits = f == "cas" && kind == EventKind::Fail && met < 4;
                (kind, f, value, fits.then(|| datum(met)))
            }
        };
        Some(Event {
            line: 0,
            index: None,
            time: None,
            process: Process::Client(process),
            kind,
            f: f.into(),
            key: None,
            value,
            observed,
            extra: Vec::new(),
        })
    }

    fn asked(&self, bytes: &mut Bytes) -> Open {
        let mut new = || {
            if self.distinct { i64::from(self.op_count) } else { i64::from(bytes.below(4)) }
        };
        let new = new();
        match bytes.below(4) {
            0 | 1 => ("read", Datum::Nil),
            2 => ("write", datum(new)),
            _ => ("cas", Datum::List(vec![datum(i64::from(bytes.below(5))), datum(new)])),
        }
    }

    fn outcome(&mut self, client: usize, bytes: &mut Bytes) -> EventKind {
        match bytes.below(8) {
            0 => {
                self.processes[client] += 3;
                EventKind::Info
            }
            1 => EventKind::Fail,
            _ => EventKind::Ok,
        }
    }
}
