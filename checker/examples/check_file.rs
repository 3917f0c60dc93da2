//! Checks a history file of any format and object, and has the proof verified.
//!
//! `cargo run -p quorate-checker --example check_file -- histories/register/not-linearizable/stale-read.jsonl`

use std::fs::File;
use std::io::BufReader;

use quorate_checker::{Budget, Finding, Reader, Reading, Recorded};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let reader = Reader::new(BufReader::new(File::open(&path)?), None)?;
    let recorded = Recorded::read(reader, &Reading::default())?;
    let mut certificate = recorded.certificate();
    for result in recorded.check(Budget::GENEROUS) {
        certificate.keys.push(result.certificate());
        let key = result.key.as_ref().map_or_else(|| "all".to_owned(), ToString::to_string);
        println!("{key}: {} by {}", result.verdict(), result.engine.name());
        if let Finding::Invalid { explanation, .. } = &result.finding {
            println!("  {}", explanation.story.join("\n  "));
            println!("{}", explanation.timeline);
        }
    }
    println!("{path}: {}, and the verifier agrees", recorded.verify(&certificate)?);
    Ok(())
}
