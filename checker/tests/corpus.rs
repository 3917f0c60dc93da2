//! Recorded histories with known verdicts, each in both directions: the verdict, and its proof.
//!
//! The project's own stand in `histories/`; a corpus of histories from other projects is walked, too,
//! where one is found beside the project.

use std::ffi::OsStr;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use quorate_checker::{
    Budget, Certificate, Datum, FailedCas, Format, NilRead, Object, Reader, Reading, Recorded,
    Verdict,
};

fn read(path: &Path, format: Option<Format>, reading: &Reading) -> Recorded {
    let file = BufReader::new(File::open(path).expect("the file is there"));
    let mut reader =
        Reader::new(file, format).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let recorded = Recorded::read(&mut reader, reading, |_| {})
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(reader.truncated(), None, "{}", path.display());
    recorded
}

/// Checks a history and returns the verdict, after its certificate has been accepted.
fn check(path: &Path, recorded: &Recorded) -> Verdict {
    let mut certificate = recorded.certificate();
    for result in recorded.check(Budget::GENEROUS) {
        certificate.keys.push(result.certificate());
    }
    let mut file = Vec::new();
    certificate.write(&mut file).expect("writing to memory");
    let certificate = Certificate::read(&file[..]).expect("what was written is read");
    recorded.verify(&certificate).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

struct Entry {
    path: PathBuf,
    reading: Reading,
    expected: Verdict,
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

/// The entries of a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn our_own_histories() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../histories");
    let mut count = 0;
    for model in entries(&root).into_iter().filter(|path| path.is_dir()) {
        for (folder, expected) in
            [("linearizable", Verdict::Valid), ("not-linearizable", Verdict::Invalid)]
        {
            for path in entries(&model.join(folder)) {
                let recorded = read(&path, None, &Reading::default());
                assert_eq!(model.file_name(), Some(OsStr::new(recorded.object.name())));
                assert_eq!(check(&path, &recorded), expected, "{}", path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 8, "only {count} histories");
}

#[test]
fn histories_of_other_projects() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Ok(index) = std::fs::read_to_string(root.join("INDEX.tsv")) else {
        println!("skipped: needs a corpus of other projects' histories beside the project");
        return;
    };
    let mut count = 0;
    for line in index.lines().skip(1) {
        let Entry { path, reading, expected } = entry(&root, line);
        let recorded = read(&path, None, &reading);
        assert_eq!(check(&path, &recorded), expected, "{}", path.display());
        // The model is also found by itself.
        let found = read(&path, None, &Reading { object: None, ..reading });
        assert_eq!(Some(found.object), entry(&root, line).reading.object);
        count += 1;
    }
    assert!(count > 0, "the index names no history");
}
