//! Bytes read as `edn`, whatever they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::Format;
use quorate_checker_fuzz::read_registers;

fuzz_target!(|bytes: &[u8]| {
    read_registers(bytes, Format::Edn);
});
