//! The texts of a page: those that what it shows really names, numbered as they are met.

use crate::report::trace::{NONE, Trace};

/// Texts as they are met.
pub(super) struct Texts<'a> {
    trace: &'a Trace,
    /// The number on the page of every text of the trace; [`NONE`] if it has none yet.
    numbers: Vec<u32>,
    /// Those on the page.
    pub(super) met: Vec<&'a str>,
}

impl<'a> Texts<'a> {
    /// None yet.
    pub(super) fn new(trace: &'a Trace) -> Self {
        Self { trace, numbers: vec![NONE; trace.texts.len()], met: Vec::new() }
    }

    /// The number on the page of a text of the trace; `None` for [`NONE`].
    pub(super) fn number(&mut self, text: u32) -> Option<i64> {
        let number = self.numbers.get_mut(text as usize)?;
        if *number == NONE {
            *number = self.met.len() as u32;
            self.met.push(&self.trace.texts[text as usize]);
        }
        Some(i64::from(*number))
    }
}
