//! How a history is to be read, for every command that checks one.

use clap::{Args, ValueEnum};
use quorate_checker::{Datum, FailedCas, Format, NilRead, Object, Reading};

/// How a history is to be read.
#[derive(Debug, Clone, Args)]
pub(super) struct ReadingArgs {
    /// What the history is of; left out, found by the functions in it.
    #[arg(long, value_enum)]
    model: Option<Model>,
    /// How the file is written; left out, found by its first event.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// What registers hold before the first write: a JSON value; for multi-register an object such as
    /// '{"x": 0, "y": 0}', for registers with versions [version, value]; or where a counter begins.
    #[arg(long, value_name = "JSON", value_parser = parse_initial, default_value = "null",
          allow_negative_numbers = true)]
    initial: Datum,
    /// What a failed compare-and-set says.
    #[arg(long, value_enum, default_value_t)]
    failed_cas: FailedCasArg,
    /// What a read of null says.
    #[arg(long, value_enum, default_value_t)]
    nil_read: NilReadArg,
}

/// What a history is of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Model {
    /// Registers: read, write, cas.
    #[value(alias = "cas-register")]
    Register,
    /// Transactions that append to lists and read them: txn.
    ListAppend,
    /// Transactions that write and read several registers: txn.
    #[value(alias = "rw-register")]
    MultiRegister,
    /// A lock: acquire, release.
    Mutex,
    /// Strings by key: get, put, append.
    Kv,
    /// A set: add, remove, contains, read.
    Set,
    /// A counter: add, increment, decrement, add-and-get, get-and-add, read.
    Counter,
    /// A queue, first in, first out: enqueue, dequeue.
    #[value(alias = "fifo-queue")]
    Queue,
    /// A queue in any order: enqueue, dequeue.
    UnorderedQueue,
    /// A queue that loses nothing, whatever the order and however often: enqueue, dequeue.
    TotalQueue,
    /// A list that only grows: append, read.
    AppendList,
    /// A register whose versions count its writes: read, write.
    VersionedRegister,
    /// A register whose versions rise with its writes: read, write.
    RevisionedRegister,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FileFormat {
    /// One JSON object a line.
    Jsonl,
    /// Jepsen's EDN.
    Edn,
    /// Porcupine's etcd logs.
    EtcdLog,
    /// Quorate's binary form.
    Binary,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum FailedCasArg {
    /// Nothing.
    #[default]
    Ignore,
    /// That the register held another value.
    Mismatch,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum NilReadArg {
    /// The register was never written.
    #[default]
    Value,
    /// Nothing.
    Any,
}

fn parse_initial(text: &str) -> Result<Datum, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}; a string needs its quotes: '\"a\"'"))
}

impl ReadingArgs {
    /// How the events are to be read.
    pub(super) fn to_reading(&self) -> Reading {
        Reading {
            object: self.model.map(|model| match model {
                Model::Register => Object::Register,
                Model::ListAppend => Object::ListAppend,
                Model::MultiRegister => Object::MultiRegister,
                Model::Mutex => Object::Mutex,
                Model::Kv => Object::Kv,
                Model::Set => Object::Set,
                Model::Counter => Object::Counter,
                Model::Queue => Object::Queue,
                Model::UnorderedQueue => Object::UnorderedQueue,
                Model::TotalQueue => Object::TotalQueue,
                Model::AppendList => Object::AppendList,
                Model::VersionedRegister => Object::VersionedRegister,
                Model::RevisionedRegister => Object::RevisionedRegister,
            }),
            initial: Some(self.initial.clone()).filter(|initial| *initial != Datum::Nil),
            failed_cas: match self.failed_cas {
                FailedCasArg::Ignore => FailedCas::Ignore,
                FailedCasArg::Mismatch => FailedCas::Mismatch,
            },
            nil_read: match self.nil_read {
                NilReadArg::Value => NilRead::Value,
                NilReadArg::Any => NilRead::Any,
            },
        }
    }

    /// How the file is written, if that was said.
    pub(super) fn format(&self) -> Option<Format> {
        self.format.map(|format| match format {
            FileFormat::Jsonl => Format::Jsonl,
            FileFormat::Edn => Format::Edn,
            FileFormat::EtcdLog => Format::EtcdLog,
            FileFormat::Binary => Format::Binary,
        })
    }
}
