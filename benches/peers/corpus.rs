//! Histories of other projects, read and checked with their proofs.

use std::path::Path;
use std::time::Instant;

use quorate_checker::{Budget, Verdict};

use crate::index::{self, Entry, read};

/// Prints how long all of them take, where they are found beside the project.
pub(crate) fn row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Some(entries) = index::entries(&root) else {
        println!("\nskipped: needs a corpus of other projects' histories beside the project");
        return;
    };
    let begun = Instant::now();
    for Entry { path, reading, expected } in &entries {
        let recorded = read(path, None, reading);
        // The proof is made with the result.
        let verdict = recorded.check(Budget::GENEROUS).map(|result| result.verdict()).max();
        assert_eq!(verdict.unwrap_or(Verdict::Valid), *expected, "{}", path.display());
    }
    println!(
        "\n{} histories of other projects, with proofs, on one core: {:.2} s",
        entries.len(),
        begun.elapsed().as_secs_f64()
    );
}
