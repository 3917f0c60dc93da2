//! What a run came to, for people and for programs. Verdicts are made elsewhere; here they are shown.

mod json;
mod promise;
mod quorum;
mod quorum_svg;
mod staleness;
mod text;

pub use json::{
    Summary, isolation as isolation_json, key_on_rung, ladder as ladder_json,
    staleness as staleness_json,
};
pub use promise::{promised, promised_json};
pub use quorum::{explained, explained_json};
pub use quorum_svg::drawing;
pub use staleness::staleness;
pub use text::{counted, explanation, isolation, judged, ladder, not_linearizable_either};
