//! Bodies of blocks of the binary form, with headers that fit them: read, and checked if small.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Format, MAGIC};
use quorate_checker_fuzz::read_registers;

fuzz_target!(|bytes: &[u8]| {
    let Some((count, body)) = bytes.split_first() else { return };
    let mut file = MAGIC.to_vec();
    for word in [body.len() as u32, crc32fast::hash(body), u32::from(*count)] {
        file.extend(word.to_le_bytes());
    }
    file.extend(body);
    read_registers(&file, Format::Binary);
});
