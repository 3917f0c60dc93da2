//! `quorate verify`.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use quorate_checker::{Certificate, Verdict};
use serde_json::json;

use super::source::load;
use super::{Exit, print, print_json};

const EXAMPLES: &str = "Examples:
  quorate verify store/latest-run/history.jsonl \\
    store/latest-run/certificate.json

Exit codes: 0 the certificate is accepted, 1 it is rejected, 2 it is accepted
but leaves keys open.";

/// What `quorate verify` takes.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyArgs {
    /// The history.
    history: PathBuf,
    /// The certificate: proofs of what it says about that history.
    certificate: PathBuf,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

/// Accepts or rejects a certificate.
pub(super) fn verify(args: &VerifyArgs) -> Result<Exit> {
    let path = args.certificate.display();
    let file = File::open(&args.certificate).with_context(|| format!("cannot open {path}"))?;
    let certificate = Certificate::read(BufReader::new(file)).with_context(|| path.to_string())?;
    let reading = certificate.reading.to_reading();
    let loaded = load(&args.history, None, &reading, args.json)?;
    let verified = loaded.recorded.verify(&certificate);
    let count = |verdict: Verdict| {
        certificate.keys.iter().filter(|key| key.proof.verdict() == verdict).count()
    };
    let (valid, invalid, unknown) =
        (count(Verdict::Valid), count(Verdict::Invalid), count(Verdict::Unknown));
    if args.json {
        print_json(&json!({
            "accepted": verified.is_ok(),
            "verdict": verified.as_ref().ok().map(|verdict| verdict.name()),
            "rejection": verified.as_ref().err().map(ToString::to_string),
            "valid": valid,
            "invalid": invalid,
            "unknown": unknown,
        }))?;
    } else {
        print(&match &verified {
            Ok(verdict) => format!(
                "accepted: the history is {verdict} ({valid} keys valid, {invalid} invalid, \
                 {unknown} left open)\n"
            ),
            Err(rejection) => format!("rejected: {rejection}\n"),
        })?;
    }
    Ok(match verified {
        Err(_) => Exit::NotAsExpected,
        Ok(_) if unknown > 0 && invalid == 0 => Exit::Unknown,
        Ok(_) => Exit::AsExpected,
    })
}
