//! Bytes of no known format, as a history of each object; what comes of it is proved and verified.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Object, Reader, Reading, Recorded};
use quorate_checker_fuzz::judge_recorded;

fuzz_target!(|bytes: &[u8]| {
    for object in Object::ALL.into_iter().map(Some).chain([None]) {
        let Ok(reader) = Reader::new(bytes, None) else { return };
        let reading = Reading { object, ..Reading::default() };
        if let Ok(recorded) = Recorded::read(reader, &reading) {
            judge_recorded(&recorded);
        }
    }
});
