//! Checks registers while their history comes in, and stops at the first that is not linearizable.
//!
//! `cargo run -p quorate-checker --example stream < histories/register/not-linearizable/stale-read.jsonl`

use quorate_checker::{EventKind, Reader, Rules, Stream, StreamStanding, Verdict};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut stream = Stream::new(Rules::default());
    for event in Reader::new(std::io::stdin().lock(), None)? {
        let event = event?;
        stream.push(&event)?;
        if event.kind == EventKind::Ok && stream.verdict() == Verdict::Invalid {
            let invalid = |standing| matches!(standing, StreamStanding::Invalid(_));
            let key = stream.keys().find(|key| invalid(key.standing));
            println!("invalid at event {}: {key:?}", stream.event_count());
            return Ok(());
        }
    }
    println!("{} after {} operations", stream.verdict(), stream.op_count());
    Ok(())
}
