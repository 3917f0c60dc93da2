//! What a run came to, for people and for programs. Verdicts are made elsewhere; here they are shown.

mod calibration;
mod campaign;
mod checked;
mod ci;
mod clocks;
mod compare;
mod faults;
mod html;
mod json;
mod markup;
mod plots;
mod promise;
mod quorum;
mod quorum_svg;
mod spacetime;
mod staleness;
mod text;
mod trace;

pub use calibration::{calibrated, calibrated_json, false_alarms, quoted, survivors};
pub use campaign::{tortured, tortured_json, tortured_junit, tortured_markdown};
pub use checked::checked;
pub use ci::{junit, markdown, one_line};
pub use compare::{
    comparison_csv, comparison_json, comparison_page, comparison_picture, comparison_table,
};
pub use faults::{FaultSpan, Faults};
pub use html::{SpaceTimePicture, Subject, fingerprint, page, policy};
pub use json::{
    Summary, isolation as isolation_json, key_on_rung, ladder as ladder_json,
    staleness as staleness_json,
};
pub use plots::{Plot, Series, Unit, plots};
pub use promise::{promised, promised_json};
pub use quorum::{explained, explained_json};
pub use quorum_svg::drawing;
pub use spacetime::{Story, behind, script_picture};
pub use staleness::staleness;
pub use text::{
    configuration, counted, entry, entry_at, explanation, isolation, judged, ladder,
    not_linearizable_either, wrap,
};
pub use trace::{Operation, Trace, fit};

/// The colours of all pages, and what they have in common.
pub const STYLE: &str = concat!(include_str!("style/theme.css"), include_str!("style/base.css"));
