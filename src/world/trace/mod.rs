//! What happened in a world, step by step: as a simulated run was recorded or a script carried out, to be
//! told again as a script, or drawn as a diagram of space and time.

mod recording;
mod spacetime;

pub use recording::{Loss, Moment, Recording};
pub use spacetime::{Asked, Carried, Ending, Holding, Incident, SpaceTime};
