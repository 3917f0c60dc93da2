//! Bytes read as a certificate of a history that is known, or made into one where they are none: none is
//! accepted that says what is not so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{
    Anomaly, Certificate, CitedCall, Datum, FailedCas, KeyCertificate, KeyProof, NilRead, Reader,
    Reading, Recorded, Verdict,
};
use quorate_checker_fuzz::BUDGET;
use quorate_checker_fuzz::bytes::Bytes;

/// A stale read of 1, a second key that is linearizable, and a compare-and-set that failed.
const HISTORY: &str = r#"
{"process":0,"type":"invoke","f":"write","key":"x","value":1}
{"process":0,"type":"ok","f":"write","key":"x","value":1}
{"process":1,"type":"invoke","f":"write","key":"x","value":2}
{"process":0,"type":"invoke","f":"cas","key":"y","value":[null,3]}
{"process":1,"type":"ok","f":"write","key":"x","value":2}
{"process":2,"type":"invoke","f":"read","key":"x","value":null}
{"process":0,"type":"ok","f":"cas","key":"y","value":[null,3]}
{"process":2,"type":"ok","f":"read","key":"x","value":1}
{"process":0,"type":"invoke","f":"cas","key":"y","value":[3,4]}
{"process":0,"type":"fail","f":"cas","key":"y","value":[3,4]}
{"process":2,"type":"invoke","f":"read","key":"y","value":null}
{"process":2,"type":"ok","f":"read","key":"y","value":3}
{"process":1,"type":"invoke","f":"write","key":"y","value":5}
{"process":1,"type":"info","f":"write","key":"y","value":5}
"#;

fuzz_target!(|bytes: &[u8]| {
    let certificate = Certificate::read(bytes).unwrap_or_else(|_| made(&mut Bytes(bytes)));
    let Some(recorded) = recorded(&certificate.reading.to_reading()) else { return };
    let Ok(accepted) = recorded.verify(&certificate) else { return };
    let mut verdict = Verdict::Valid;
    for (result, key) in recorded.check(BUDGET).zip(&certificate.keys) {
        let claimed = key.proof.verdict();
        assert!(claimed == Verdict::Unknown || claimed == result.verdict(), "{key:?}");
        verdict = verdict.max(claimed);
    }
    assert_eq!(accepted, verdict);
});

fn recorded(reading: &Reading) -> Option<Recorded> {
    let reader = Reader::new(HISTORY.as_bytes(), None).expect("a history");
    Recorded::read(reader, reading).ok()
}

/// A certificate of the right form, with proofs of nothing in particular.
fn made(bytes: &mut Bytes) -> Certificate {
    let reading = Reading {
        failed_cas: [FailedCas::Ignore, FailedCas::Mismatch][usize::from(bytes.below(2))],
        nil_read: [NilRead::Value, NilRead::Any][usize::from(bytes.below(2))],
        ..Reading::default()
    };
    let mut certificate = recorded(&reading).expect("it fits every reading").certificate();
    for key in ["x", "y"] {
        let proof = proof(bytes);
        certificate.keys.push(KeyCertificate { key: Datum::text(key), proof });
    }
    certificate
}

fn proof(bytes: &mut Bytes) -> KeyProof {
    let verdict = bytes.below(3);
    let count = bytes.below(7);
    let mut calls = || -> Vec<(u32, bool)> {
        let call = |_| (u32::from(bytes.below(16)), bytes.below(4) == 0);
        (0..count).map(call).collect()
    };
    match verdict {
        0 => KeyProof::Valid { order: calls().into_iter().map(|(call, _)| call).collect() },
        1 => KeyProof::Invalid {
            operations: calls()
                .into_iter()
                .map(|(call, as_write)| CitedCall { call, as_write })
                .collect(),
            anomaly: Anomaly::Contradiction,
            until: u32::from(bytes.below(17)),
            elements: None,
        },
        _ => KeyProof::Unknown,
    }
}
