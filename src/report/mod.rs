//! What a run came to, for people and for programs. Verdicts are made elsewhere; here they are shown.

mod json;
mod staleness;
mod text;

pub use json::{
    Summary, isolation as isolation_json, key_on_rung, ladder as ladder_json,
    staleness as staleness_json,
};
pub use staleness::staleness;
pub use text::{counted, explanation, isolation, judged, ladder, not_linearizable_either};
