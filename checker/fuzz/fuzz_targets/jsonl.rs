//! Bytes read as `history.jsonl`. What was read is written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Event, Format, Reader, write_jsonl};
use quorate_checker_fuzz::read_registers;

fuzz_target!(|bytes: &[u8]| {
    let events = read_registers(bytes, Format::Jsonl);
    let mut file = Vec::new();
    for event in &events {
        write_jsonl(&mut file, event).expect("writing to memory");
    }
    let reader = Reader::new(&file[..], Some(Format::Jsonl)).expect("memory can be read");
    let again = reader.map(|event| event.expect("what was written is read"));
    let places =
        again.zip(&events).map(|(again, event)| (Event { line: event.line, ..again }, event));
    let same = places.filter(|(again, event)| again == *event).count();
    assert_eq!(same, events.len());
});
