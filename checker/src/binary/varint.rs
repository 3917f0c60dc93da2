//! Numbers of as few bytes as they need (LEB128), and signed ones folded into unsigned (zigzag).

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front; `None` if there is none.
#[inline]
pub(super) fn take(input: &mut &[u8]) -> Option<u64> {
    // Most are of one byte.
    let (first, rest) = input.split_first()?;
    if *first < 0x80 {
        *input = rest;
        return Some(u64::from(*first));
    }
    take_word(input).or_else(|| take_long(input))
}

/// Takes a number of at most eight bytes, all at once, where eight bytes are left.
#[inline]
fn take_word(input: &mut &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*input.first_chunk()?);
    let ends = !word & 0x8080_8080_8080_8080;
    let length = (ends.trailing_zeros() as usize + 1) / 8;
    if ends == 0 {
        return None;
    }
    *input = &input[length..];
    // Bits up to the one that ends the number; then pairs of groups are joined, thrice.
    let groups = word & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = (groups & 0x007f_007f_007f_007f) | ((groups & 0x7f00_7f00_7f00_7f00) >> 1);
    let fours = (pairs & 0x0000_3fff_0000_3fff) | ((pairs & 0x3fff_0000_3fff_0000) >> 2);
    Some((fours & 0x0fff_ffff) | ((fours & 0x0fff_ffff_0000_0000) >> 4))
}

fn take_long(input: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = input.split_first()?;
        *input = rest;
        let bits = u64::from(byte & 0x7f);
        if shift > 63 || (shift == 63 && bits > 1) {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

pub(super) fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

pub(super) fn unfold(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
