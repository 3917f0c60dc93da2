//! A proof as a file: made by one program, accepted or rejected by another.

use std::io::{Read, Write};

use serde::{Deserialize, Serialize};

use crate::anomaly::Anomaly;
use crate::datum::Datum;
use crate::linear::{FailedCas, NilRead};
use crate::reading::{Object, Reading};
use crate::verdict::Verdict;

/// The version of the format that this code writes and reads.
const VERSION: u32 = 1;

/// Proofs for every key of one history. Operations are named by the position of their invocation
/// among all events of the file, counting from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// Version of this format.
    pub version: u32,
    /// How the history is to be read.
    pub reading: CertifiedReading,
    /// How many events the history has.
    pub events: u32,
    /// A proof for each key, in the order of the history.
    pub keys: Vec<KeyCertificate>,
}

/// How a history is to be read for a proof to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedReading {
    /// The object.
    pub model: Object,
    /// The initial value, or the initial values by name of a multi-register.
    pub initial: Datum,
    /// What failed compare-and-sets say.
    pub failed_cas: FailedCas,
    /// What a read of null says.
    pub nil_read: NilRead,
}

impl CertifiedReading {
    pub(crate) fn of(model: Object, reading: &Reading) -> Self {
        let Reading { initial, failed_cas, nil_read, .. } = reading.clone();
        Self { model, initial: initial.unwrap_or(Datum::Nil), failed_cas, nil_read }
    }

    /// The reading, to read the history with.
    pub fn to_reading(&self) -> Reading {
        Reading {
            object: Some(self.model),
            initial: Some(self.initial.clone()).filter(|initial| *initial != Datum::Nil),
            failed_cas: self.failed_cas,
            nil_read: self.nil_read,
        }
    }
}

/// The proof for one key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyCertificate {
    /// The key; null where the history has none.
    pub key: Datum,
    /// The verdict and why.
    pub proof: KeyProof,
}

/// A verdict and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase", deny_unknown_fields)]
pub enum KeyProof {
    /// These operations, in this order, explain the history.
    Valid {
        /// Positions of invocations.
        order: Vec<u32>,
    },
    /// These operations cannot be explained in any order.
    Invalid {
        /// What it is called.
        anomaly: Anomaly,
        /// The operations.
        operations: Vec<CitedCall>,
        /// The position at which the contradiction is complete.
        until: u32,
        /// The elements to look at; `None` for the object as a whole.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elements: Option<Vec<Datum>>,
    },
    /// Nothing is proved.
    Unknown,
}

impl KeyProof {
    /// The verdict it proves.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Valid { .. } => Verdict::Valid,
            Self::Invalid { .. } => Verdict::Invalid,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

/// An operation of a counterexample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CitedCall {
    /// The position of its invocation.
    pub call: u32,
    /// Whether only what this compare-and-set wrote matters, and not what it expected.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_write: bool,
}

impl Certificate {
    /// The certificate of a history of so many events, with no proof in it yet.
    pub(crate) fn new(reading: CertifiedReading, events: u32) -> Self {
        Self { version: VERSION, reading, events, keys: Vec::new() }
    }

    /// Writes the certificate as JSON.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }

    /// Reads a certificate.
    pub fn read(input: impl Read) -> Result<Self, UnreadableCertificate> {
        let certificate: Self = serde_json::from_reader(input)?;
        if certificate.version == VERSION {
            Ok(certificate)
        } else {
            Err(UnreadableCertificate::Version(certificate.version))
        }
    }
}

/// Why a file is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableCertificate {
    /// It is not the JSON that [`Certificate::write`] writes.
    #[error("not a certificate: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("certificate version {0}; this program reads version {VERSION}")]
    Version(u32),
}
