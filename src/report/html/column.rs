//! Columns of numbers as text: the difference to the last number there was, zigzag, plus one, or zero
//! for no number; seven bits a byte, in base64. A number near the one before costs one byte and a third.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A column of these numbers, some of which may be missing.
pub(super) fn column(numbers: impl IntoIterator<Item = Option<i64>>) -> String {
    let (mut bytes, mut last) = (Vec::new(), 0_i64);
    for number in numbers {
        let Some(number) = number else {
            bytes.push(0);
            continue;
        };
        let difference = number.wrapping_sub(last);
        let zigzag = ((difference << 1) ^ (difference >> 63)) as u64;
        push(&mut bytes, zigzag.saturating_add(1));
        last = number;
    }
    STANDARD.encode(bytes)
}

/// Seven bits a byte, the lowest first; all bytes but the last have their highest bit set (LEB128).
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(numbers: &[Option<i64>]) -> Vec<u8> {
        STANDARD.decode(column(numbers.iter().copied())).unwrap()
    }

    #[test]
    fn small_steps_are_small() {
        assert_eq!(bytes(&[Some(0), Some(1), Some(0), Some(63)]), [1, 3, 2, 127]);
        assert_eq!(bytes(&[Some(64)]), [0x81, 1]);
        assert_eq!(bytes(&[Some(-1)]), [2]);
        assert!(bytes(&[]).is_empty());
        assert_eq!(bytes(&[Some(i64::MIN)]).len(), 10);
    }

    #[test]
    fn what_is_missing_does_not_count_as_the_last() {
        assert_eq!(bytes(&[Some(9), None, Some(9)]), [19, 0, 1]);
    }
}
