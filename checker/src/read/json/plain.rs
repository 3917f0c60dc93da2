//! The fast lane of `history.jsonl`: a line as the harness writes it, with integers for key and values.
//!
//! A line is taken only if it means to the reader of any line just what it means here.

use crate::event::{EventKind, PROCESS_MAX};
use crate::function::Function;
use crate::plain::PlainEvent;
use crate::value::Scalar;

/// More digits might not fit 64 bits.
const DIGITS_MAX: usize = 18;

/// The event on a line; `None` if there is anything unusual about it.
pub(super) fn plain(line: u64, text: &[u8]) -> Option<PlainEvent> {
    let (event, rest) = begin(line, text)?;
    matches!(rest, b"" | b"\n").then_some(event)
}

/// The event on the first line of a text, and how long that line is; `None` if there is anything unusual
/// about it, or the text ends in it.
pub(super) fn first(line: u64, text: &[u8]) -> Option<(PlainEvent, usize)> {
    let (event, rest) = begin(line, text)?;
    let rest = rest.strip_prefix(b"\n")?;
    Some((event, text.len() - rest.len()))
}

/// The event with which a text begins, and what follows it.
#[inline]
fn begin(line: u64, text: &[u8]) -> Option<(PlainEvent, &[u8])> {
    let mut rest = Rest(text);
    rest.skip(b"{")?;
    let mut index = None;
    if rest.skip(b"\"index\":").is_some() {
        index = Some(u64::try_from(rest.integer()?).ok()?);
        rest.skip(b",")?;
    }
    let mut time = None;
    if rest.skip(b"\"time\":").is_some() {
        time = Some(rest.integer()?);
        rest.skip(b",")?;
    }
    rest.skip(b"\"process\":")?;
    let process = u32::try_from(rest.integer()?).ok().filter(|number| *number <= PROCESS_MAX)?;
    rest.skip(b",\"type\":\"")?;
    let kind = rest.word([
        (b"invoke\"", EventKind::Invoke),
        (b"ok\"", EventKind::Ok),
        (b"fail\"", EventKind::Fail),
        (b"info\"", EventKind::Info),
    ])?;
    rest.skip(b",\"f\":\"")?;
    let function = rest.word([
        (b"read\"", Function::Read),
        (b"write\"", Function::Write),
        (b"cas\"", Function::Cas),
    ])?;
    let mut event = PlainEvent::new(line, process, kind, function).at(index, time)?;
    if rest.skip(b",\"key\":").is_some() {
        event.key = Scalar::new(rest.integer()?)?;
    }
    rest.skip(b",\"value\":")?;
    if function == Function::Cas {
        rest.skip(b"[")?;
        event.value = rest.scalar()?;
        rest.skip(b",")?;
        event.new = rest.scalar()?;
        rest.skip(b"]")?;
    } else {
        event.value = rest.scalar()?;
    }
    rest.skip(b"}")?;
    Some((event, rest.0))
}

/// What is left of a line.
struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    /// Takes these bytes, if they come next.
    #[inline]
    fn skip(&mut self, bytes: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(bytes)?;
        Some(())
    }

    /// Takes the one of these words that comes next.
    #[inline]
    fn word<T, const COUNT: usize>(&mut self, words: [(&[u8], T); COUNT]) -> Option<T> {
        words.into_iter().find_map(|(word, meaning)| self.skip(word).map(|()| meaning))
    }

    #[inline]
    fn scalar(&mut self) -> Option<Scalar> {
        if self.skip(b"null").is_some() {
            return Some(Scalar::NOTHING);
        }
        Scalar::new(self.integer()?)
    }

    /// Takes an integer as JSON writes it, unless it is so long that it may be none of 64 bits.
    #[inline]
    fn integer(&mut self) -> Option<i64> {
        let is_negative = self.skip(b"-").is_some();
        let mut magnitude = 0_i64;
        let mut digits = 0;
        while let Some(digit) = self.0.get(digits).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
            && digits < DIGITS_MAX
        {
            magnitude = magnitude * 10 + i64::from(digit);
            digits += 1;
        }
        // Zeros in front are no JSON, and minus zero is no integer. What else may follow a number, such
        // as a point, is not what comes next in a line.
        let is_plain = match digits {
            0 => false,
            1 => !(is_negative && magnitude == 0),
            _ => self.0[0] != b'0',
        };
        self.0 = &self.0[digits..];
        is_plain.then_some(if is_negative { -magnitude } else { magnitude })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{first, plain};
    use crate::event::Event;
    use crate::read::json::line;
    use crate::write::write_jsonl;

    const LINE: &str =
        r#"{"index":4,"time":12,"process":3,"type":"ok","f":"read","key":7,"value":9}"#;

    /// Lines of the harness, and such as differ from them by little.
    fn text() -> impl Strategy<Value = String> {
        let number = || {
            prop_oneof![
                4 => any::<i16>().prop_map(|number| number.to_string()),
                1 => any::<i64>().prop_map(|number| number.to_string()),
                1 => "-?[0-9]{1,21}(\\.[0-9])?(e[0-9])?",
                1 => Just("null".to_owned()),
            ]
        };
        let value = prop_oneof![
            2 => number(),
            1 => (number(), number()).prop_map(|(old, new)| format!("[{old},{new}]")),
            1 => prop::sample::select(vec!["\"7\"", "true", "[]", "{}", ""]).prop_map(str::to_owned),
        ];
        let field = |name: &'static str, some: BoxedStrategy<String>| prop_oneof![5 => some.prop_map(move |text| format!("\"{name}\":{text},")), 1 => Just(String::new())];
        let words = |words: &'static [&'static str]| {
            prop::sample::select(words).prop_map(|word| format!("\"{word}\"")).boxed()
        };
        let fields = (
            field("index", number().boxed()),
            field("time", number().boxed()),
            field("process", number().boxed()),
            field("type", words(&["invoke", "ok", "fail", "info", "okay"])),
            field("f", words(&["read", "write", "cas", "reads"])),
            field("key", number().boxed()),
            value,
        );
        let whole = fields.prop_map(|(index, time, process, kind, f, key, value)| {
            format!("{{{index}{time}{process}{kind}{f}{key}\"value\":{value}}}\n")
        });
        let damaged = (whole.clone(), any::<prop::sample::Index>(), "[ -~]{0,2}").prop_map(
            |(mut text, place, with)| {
                let place = place.index(text.len());
                text.replace_range(place..=place, &with);
                text
            },
        );
        prop_oneof![2 => whole, 1 => damaged]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 20_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]
        #[test]
        fn what_the_fast_lane_takes_means_the_same_to_any_reader(text in text()) {
            if let Some(plain) = plain(1, text.as_bytes()) {
                let event = line(1, text.as_bytes());
                prop_assert_eq!(event.ok(), Some(Event::from(plain)));
            }
            let alone = text.lines().next().and_then(|line| plain(1, line.as_bytes()));
            let behind = format!("{text}{LINE}");
            let whole = text.ends_with('\n');
            let found = first(1, behind.as_bytes());
            if let Some((event, length)) = found {
                prop_assert_eq!(Some(event), alone);
                prop_assert_eq!(behind.as_bytes()[length - 1], b'\n');
                prop_assert_eq!(behind[..length].matches('\n').count(), 1);
            } else if whole {
                prop_assert_eq!(alone, None);
            }
        }
    }

    #[test]
    fn it_takes_what_the_harness_writes() {
        for text in [
            LINE,
            r#"{"process":0,"type":"invoke","f":"write","value":-1}"#,
            r#"{"index":0,"process":0,"type":"info","f":"cas","key":-7,"value":[null,3]}"#,
            r#"{"process":0,"type":"fail","f":"read","key":0,"value":null}"#,
        ] {
            let event = Event::from(plain(1, text.as_bytes()).expect(text));
            let mut written = Vec::new();
            write_jsonl(&mut written, &event).expect("memory takes it");
            assert_eq!(String::from_utf8_lossy(&written).trim_end(), text);
        }
    }

    #[test]
    fn it_leaves_alone_what_is_unusual() {
        for (from, to) in [
            ("12", "012"),
            ("12", "1.5"),
            ("12", "9999999999999999999"),
            ("4", "-1"),
            ("\"process\":3", "\"process\":268435456"),
            ("7", "null"),
            ("7", "\"x\""),
            ("9", "-0"),
            ("9", "[1,2]"),
            ("9}", "9,\"error\":\"timeout\"}"),
            ("ok", "okay"),
        ] {
            assert_eq!(plain(1, LINE.replacen(from, to, 1).as_bytes()), None, "{to}");
        }
    }
}
