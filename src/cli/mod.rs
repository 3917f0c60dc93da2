//! The command line: what is typed in, what is printed, and the exit code. No logic of its own.
//!
//! Exit codes are those Jepsen's users know: 0 all as expected, 1 a violation or an expectation not
//! met, 2 unknown, 254 bad arguments or bad input, 255 an internal error.

mod blocks;
mod bucket;
mod budget;
mod calibrate;
mod certificates;
mod check;
mod compare;
mod condition;
mod convert;
mod doctor;
mod explain;
mod interrupt;
mod merge;
mod node;
mod outcome;
mod progress;
mod prove;
mod reading;
mod replay;
mod report;
mod run;
mod serve;
mod shrink;
mod source;
mod story;
mod stream;
mod systems;
mod telling;
mod terms;
mod torture;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use quorate_checker::Verdict;
use serde::Serialize;

/// Does this quorum configuration really give the consistency it promises?
///
/// Drives concurrent clients against a quorum-replicated register store while a nemesis breaks it,
/// records what every client saw, and decides register by register whether that is linearizable.
#[derive(Debug, Parser)]
#[command(name = "quorate", version, after_help = EXIT_CODES, max_term_width = 80)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Say what happens on standard error; twice for more.
    #[arg(short, long, action = clap::ArgAction::Count, global = true, display_order = 1000)]
    verbose: u8,
}

const EXIT_CODES: &str = "Exit codes:
  0    all as expected
  1    a violation, or an expectation not met
  2    unknown: out of budget
  254  bad arguments or bad input
  255  an internal error";

const COMPLETIONS_EXAMPLES: &str = "Examples:
  quorate completions bash > ~/.local/share/bash-completion/completions/quorate";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a workload, check what the clients saw, and judge it.
    Run(run::RunArgs),
    /// Check recorded histories.
    Check(check::CheckArgs),
    /// Check the proofs that `check --certificate` or a run made.
    Verify(verify::VerifyArgs),
    /// Write a history in another format.
    Convert(convert::ConvertArgs),
    /// Explain a quorum system: what meets, what is survived, what it costs.
    Explain(explain::ExplainArgs),
    /// Try every interleaving of a few operations, and find the shortest violation or show that there is
    /// none.
    Prove(prove::ProveArgs),
    /// Run thousands of seeds, each under other faults, and say what all of them came to.
    Torture(torture::TortureArgs),
    /// Find out how likely a run catches a bug: with protocols that are broken on purpose.
    Calibrate(calibrate::CalibrateArgs),
    /// Compare configurations: what R and W cost and buy, healthy and under faults.
    Compare(compare::CompareArgs),
    /// Shrink a failing run to the smallest story that still fails the same way.
    Shrink(shrink::ShrinkArgs),
    /// Put the parts of a campaign together that several machines have run.
    Merge(merge::MergeArgs),
    /// Make a page of a run or of any history, with its proof and its pictures.
    Report(report::ReportArgs),
    /// Show the runs in a store as pages for a browser on this machine.
    Serve(serve::ServeArgs),
    /// Run a recorded run again and compare the histories.
    Replay(replay::ReplayArgs),
    /// Say what this machine can do, and remove what runs that were killed left behind.
    Doctor(doctor::DoctorArgs),
    /// List the real systems that can be run, and what each promises.
    Systems(systems::SystemsArgs),
    /// Be one replica of a cluster, as a process: what `run --world processes` starts.
    Node(node::NodeArgs),
    /// Make certificates for the nodes of a cluster, so that they speak TLS.
    Certificates(certificates::CertificatesArgs),
    /// Print what a shell needs to complete commands and options.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    AsExpected,
    NotAsExpected,
    Unknown,
    BadInput,
}

impl Exit {
    fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Valid => Self::AsExpected,
            Verdict::Invalid => Self::NotAsExpected,
            Verdict::Unknown => Self::Unknown,
        }
    }

    fn of_expectation(as_expected: Option<bool>) -> Self {
        match as_expected {
            Some(true) => Self::AsExpected,
            Some(false) => Self::NotAsExpected,
            None => Self::Unknown,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::NotAsExpected => 1,
            Self::Unknown => 2,
            Self::BadInput => 254,
        }
    }
}

/// Runs the command line and returns the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors.
            let code = if error.use_stderr() { Exit::BadInput.code() } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match &cli.command {
        Command::Node(_) => log_of_a_node(cli.verbose),
        _ => log_to_stderr(cli.verbose),
    }
    let outcome = std::panic::catch_unwind(|| match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::check(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Convert(args) => convert::convert(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Prove(args) => prove::prove(&args),
        Command::Torture(args) => torture::torture(&args),
        Command::Calibrate(args) => calibrate::calibrate(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Shrink(args) => shrink::shrink(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Report(args) => report::report(&args),
        Command::Serve(args) => serve::serve(&args),
        Command::Replay(args) => replay::replay(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Systems(args) => systems::systems(&args),
        Command::Node(args) => node::node(&args),
        Command::Certificates(args) => certificates::certificates(&args),
        Command::Completions { shell } => completions(shell),
    });
    match outcome {
        Ok(Ok(exit)) => ExitCode::from(exit.code()),
        Ok(Err(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            let _ = writeln!(io::stderr(), "quorate: {error:#}");
            ExitCode::from(Exit::BadInput.code())
        }
        Err(_) => {
            let _ = writeln!(io::stderr(), "quorate: internal error: this is a bug in quorate");
            ExitCode::from(255)
        }
    }
}

fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "quorate", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Exit::AsExpected)
}

/// Whoever reads the output has seen enough, as with `quorate … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io_error = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io_error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "quorate=info",
        _ => "quorate=debug",
    };
    tracing_subscriber::fmt().with_env_filter(level).with_writer(io::stderr).without_time().init();
}

/// A node's standard error is its log, with the time of day on every line.
fn log_of_a_node(verbose: u8) {
    let level = if verbose == 0 { "quorate=info,warn" } else { "quorate=debug,info" };
    let log = tracing_subscriber::fmt().with_env_filter(level).with_writer(io::stderr);
    log.with_ansi(false).init();
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn print_json(value: &impl Serialize) -> io::Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}
