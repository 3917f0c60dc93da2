//! Faults as data, and the schedules that decide when which one comes and whom it hits. Applying
//! them is the world's business.

mod fault;
mod schedule;
mod shape;

pub use fault::{Fault, FaultKind};
pub use schedule::{Disturbance, DisturbanceKind, Nemesis, Targets};
pub use shape::Shape;
