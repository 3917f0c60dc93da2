//! The result for one key as a document for programs.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Finding, KeyResult};

impl Serialize for KeyResult {
    /// Without the linearization, which stands in the certificate.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("operations", &self.op_count)?;
        map.serialize_entry("verdict", &self.verdict())?;
        map.serialize_entry("engine", self.engine.name())?;
        map.serialize_entry("why", self.why)?;
        match &self.finding {
            Finding::Valid { .. } => {}
            Finding::Invalid { anomaly, ops, until, elements, minimal, explanation } => {
                map.serialize_entry("anomaly", anomaly)?;
                let calls: Vec<u32> = ops.iter().map(|op| op.call).collect();
                map.serialize_entry("calls", &calls)?;
                map.serialize_entry("until", until)?;
                map.serialize_entry("elements", elements)?;
                map.serialize_entry("minimal", minimal)?;
                map.serialize_entry("title", &explanation.title)?;
                map.serialize_entry("story", &explanation.story)?;
                map.serialize_entry("timeline", &explanation.timeline)?;
            }
            Finding::Unknown { gave_up, story, helps } => {
                map.serialize_entry("stopped_at", &gave_up.op)?;
                map.serialize_entry("none_open_at", &gave_up.since)?;
                map.serialize_entry("open_at_once", &gave_up.open_max)?;
                map.serialize_entry("configurations", &gave_up.steps)?;
                map.serialize_entry("out_of", if gave_up.memory { "memory" } else { "steps" })?;
                map.serialize_entry("story", story)?;
                map.serialize_entry("helps", helps)?;
            }
        }
        map.end()
    }
}
