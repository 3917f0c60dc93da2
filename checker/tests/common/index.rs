//! The index of a corpus of other projects' histories with known verdicts.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use quorate_checker::{
    Datum, FailedCas, Format, NilRead, Object, Reader, Reading, Recorded, Verdict,
};

/// All histories of the corpus; `None` if there is no index.
pub(crate) fn entries(root: &Path) -> Option<Vec<Entry>> {
    let index = std::fs::read_to_string(root.join("INDEX.tsv")).ok()?;
    Some(index.lines().skip(1).map(|line| entry(root, line)).collect())
}

/// Reads a history that is whole.
pub(crate) fn read(path: &Path, format: Option<Format>, reading: &Reading) -> Recorded {
    let file = BufReader::new(File::open(path).expect("the file is there"));
    let mut reader =
        Reader::new(file, format).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let recorded =
        Recorded::read(&mut reader, reading).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(reader.truncated(), None, "{}", path.display());
    recorded
}

/// A history with its verdict.
pub(crate) struct Entry {
    pub(crate) path: PathBuf,
    pub(crate) reading: Reading,
    pub(crate) expected: Verdict,
}

/// One line of the other projects' index.
fn entry(root: &Path, line: &str) -> Entry {
    let columns: Vec<&str> = line.split('\t').collect();
    let [file, _format, model, initial, options, verdict] = columns.as_slice() else {
        panic!("not a line of the index: {line}")
    };
    let mut reading = Reading::default();
    let int = |value: i64| Datum::Int(value);
    reading.initial = match *initial {
        "0" => Some(int(0)),
        "{x 0, y 0}" => {
            Some(Datum::Map(["x", "y"].map(|name| (Datum::Keyword(name.into()), int(0))).to_vec()))
        }
        _ => None,
    };
    reading.object = Some(match model.split(':').next() {
        Some("cas-register") => Object::Register,
        Some("multi-register") => Object::MultiRegister,
        Some("mutex") => Object::Mutex,
        Some("kv") => Object::Kv,
        other => panic!("unknown model {other:?}"),
    });
    if options.contains("failed-cas=mismatch") {
        reading.failed_cas = FailedCas::Mismatch;
    }
    if options.contains("nil-read=any") {
        reading.nil_read = NilRead::Any;
    }
    let expected = if *verdict == "linearizable" { Verdict::Valid } else { Verdict::Invalid };
    Entry { path: root.join(file), reading, expected }
}
