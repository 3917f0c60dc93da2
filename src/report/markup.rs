//! Text as it may stand in markup.

use super::trace::fit;

/// Text inside an element or between quotes: whatever it says, it stays text.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The same of a text that comes from outside, made fit to be looked at.
pub(super) fn safe(text: &str) -> String {
    escaped(&fit(text))
}
