//! Client histories in, verdicts with proofs out.
//!
//! `quorate-checker` decides whether a recorded history of a replicated register is linearizable: in
//! near-linear time where written values are distinct, by search otherwise. Valid comes with a
//! linearization, invalid with a minimal counterexample, and a [verifier](verify) that shares no code
//! with the engines accepts or rejects either. Where a register is not linearizable, the
//! [ladder](ladder()) says which weaker conditions it keeps, and [`staleness()`] how far its reads lag.
//! Other objects are checked by their [models](model), transactions by their dependencies
//! ([`Isolation`]), and histories larger than memory as they come ([`Stream`]).
//!
//! ```
//! use quorate_checker::{Budget, Builder, Reader, Rules, Verdict, check};
//!
//! let file = br#"{"process":0,"type":"invoke","f":"write","key":"x","value":1}
//! {"process":0,"type":"ok","f":"write","key":"x","value":1}
//! {"process":1,"type":"invoke","f":"read","key":"x","value":null}
//! {"process":1,"type":"ok","f":"read","key":"x","value":null}
//! "#;
//! let mut history = Builder::default();
//! for event in Reader::new(&file[..], None)? {
//!     history.push(&event?)?;
//! }
//! let history = history.finish();
//! let report = check(&history, &Rules::default(), Budget::GENEROUS);
//! assert_eq!(report.verdict(), Verdict::Invalid);
//! # Ok::<(), quorate_checker::ReadError>(())
//! ```
//!
//! More in `examples/`: a file of any format with its proof, an object of one's own, and a history that
//! is checked while it comes in.
//!
//! There is no async, file, clock, thread or randomness in here: bytes come in through
//! [`std::io::BufRead`], and the same history gives the same verdict and the same proof everywhere.

// The tests inside use the same code as those outside, which name the crate.
#[cfg(test)]
extern crate self as quorate_checker;

mod anomaly;
mod binary;
mod by_number;
mod certificate;
mod clusters;
mod datum;
mod error;
mod event;
mod explain;
mod function;
mod history;
mod ladder;
mod linear;
pub mod model;
mod pair;
mod plain;
mod read;
mod reading;
mod recorded;
mod search;
mod shape;
mod staleness;
mod stream;
mod transactions;
mod value;
mod verdict;
pub mod verify;
mod write;

pub use anomaly::{Anomaly, CycleKind, Scope};
pub use binary::{BinaryWriter, Block, MAGIC, next_block};
pub use certificate::{
    Certificate, CertifiedReading, CitedCall, KeyCertificate, KeyProof, UnreadableCertificate,
};
pub use datum::Datum;
pub use error::ReadError;
pub use event::{Event, EventKind, NO_TIME, Name, PROCESS_MAX, Process};
pub use explain::{Bar, Explanation, explain, explain_breach, timeline};
pub use function::Function;
pub use history::{Builder, History, KeyHistory, OPEN, Op, Outcome};
pub use ladder::{Breach, Link, Rung, Standing, ladder};
pub use linear::{FailedCas, NilRead, Rules, check, check_keys};
pub use plain::{Entry, PlainEvent};
pub use read::{Format, IndexOrder, Reader};
pub use reading::{Object, Reading};
pub use recorded::{Batches, CertificateError, Finding, Footing, KeyResult, Recorded};
pub use staleness::{Atomicity, Staleness, Times, Visibility, Visible, staleness};
pub use stream::{
    Act as StreamAct, Only, Registers as StreamRegisters, Router as StreamRouter,
    Standing as StreamStanding, Stream, StreamKey,
};
pub use transactions::Isolation;
pub use value::{Value, ValueId, Values};
pub use verdict::{
    Budget, Cited, Counterexample, Engine, GaveUp, KeyReport, Proof, Report, Verdict,
};
pub use write::{write_edn, write_jsonl};
