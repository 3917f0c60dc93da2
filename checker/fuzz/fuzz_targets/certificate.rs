//! Bytes read as a certificate of a history that is known: none is accepted that says what is not so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quorate_checker::{Certificate, Reader, Recorded, Verdict};
use quorate_checker_fuzz::BUDGET;

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
    let Ok(certificate) = Certificate::read(bytes) else { return };
    let reader = Reader::new(HISTORY.as_bytes(), None).expect("a history");
    let Ok(recorded) = Recorded::read(reader, &certificate.reading.to_reading(), |_| {}) else {
        return;
    };
    let Ok(accepted) = recorded.verify(&certificate) else { return };
    let mut verdict = Verdict::Valid;
    for (result, key) in recorded.check(BUDGET).zip(&certificate.keys) {
        let claimed = key.proof.verdict();
        assert!(claimed == Verdict::Unknown || claimed == result.verdict(), "{key:?}");
        verdict = verdict.max(claimed);
    }
    assert_eq!(accepted, verdict);
});
