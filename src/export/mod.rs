//! Histories for the tools of others: their operations as a table, and as a trace of events.

mod operations;
mod trace_events;

pub use operations::{OperationsTable, TableError};
pub use trace_events::write_trace_events;
