//! Any events, written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Event, Format, Reader, write_edn, write_jsonl};
use quorate_checker_fuzz::bytes::Bytes;

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Jsonl, Format::Edn] {
        let (mut bytes, mut events, mut file) = (Bytes(bytes), Vec::new(), Vec::new());
        while !bytes.is_empty() && events.len() < 8 {
            let index = Some(events.len() as u64);
            let event = bytes.event(index, format == Format::Edn);
            let written = match format {
                Format::Edn => write_edn(&mut file, &event),
                _ => write_jsonl(&mut file, &event),
            };
            written.expect("writing to memory");
            events.push(event);
        }
        for told in [Some(format), None] {
            if told.is_none() && events.is_empty() {
                continue;
            }
            let read: Vec<Event> = Reader::new(&file[..], told)
                .expect("it is a history")
                .map(|event| Event { line: 0, ..event.expect("it was just written") })
                .map(in_order)
                .collect();
            assert_eq!(read, events, "{}", String::from_utf8_lossy(&file));
        }
    }
});

/// Fields have no order in EDN.
fn in_order(mut event: Event) -> Event {
    event.extra.sort_by(|(a, _), (b, _)| a.cmp(b));
    event
}
