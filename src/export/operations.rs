//! Operations as a table in a Parquet file, a row each, for DuckDB, Polars and whatever else reads it.

use std::collections::BTreeMap;
use std::io::Write;
use std::mem;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, GzipLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use quorate_checker::{Datum, Event, EventKind, Process};

/// The columns, in the order in which [`Columns::write`] writes them.
const SCHEMA: &str = "
message operations {
  required int32 process;
  required binary f (UTF8);
  optional binary key (UTF8);
  optional binary value (UTF8);
  optional binary expected (UTF8);
  optional binary observed (UTF8);
  required binary outcome (UTF8);
  optional binary error (UTF8);
  required int64 call_index;
  optional int64 return_index;
  optional int64 call_ns;
  optional int64 return_ns;
}";
/// Columns whose values are close to those before them.
const RISING: [&str; 4] = ["call_index", "return_index", "call_ns", "return_ns"];
/// So many rows are in memory at most, and in the file together.
const ROWS_MAX: usize = 1 << 16;

/// A table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file takes no more.
    #[error("cannot write the table: {0}")]
    Parquet(#[from] ParquetError),
    /// It cannot be known what belongs together.
    #[error("line {line}: process {process} {what}")]
    Order {
        /// Where.
        line: u64,
        /// Who.
        process: u32,
        /// Does what it cannot do.
        what: &'static str,
    },
}

/// Writes a row for each operation once it has ended, and in the end one for each that never did.
pub struct OperationsTable<W: Write + Send> {
    file: SerializedFileWriter<W>,
    /// The invocations without a completion, each with its position, by process.
    open: BTreeMap<u32, (Event, i64)>,
    rows: Columns,
    position: i64,
    written: u64,
}

impl<W: Write + Send> OperationsTable<W> {
    /// A table without rows.
    pub fn new(file: W) -> Result<Self, TableError> {
        let mut properties = WriterProperties::builder()
            .set_created_by(format!("quorate {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::GZIP(GzipLevel::try_new(3)?));
        for name in RISING {
            let column = ColumnPath::from(name);
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let file = SerializedFileWriter::new(file, schema, Arc::new(properties.build()))?;
        Ok(Self { file, open: BTreeMap::new(), rows: Columns::default(), position: 0, written: 0 })
    }

    /// Takes the next event. What the nemesis does is no operation.
    pub fn push(&mut self, event: &Event) -> Result<(), TableError> {
        let position = self.position;
        self.position += 1;
        let Process::Client(process) = event.process else { return Ok(()) };
        let wrong = |what| TableError::Order { line: event.line, process, what };
        if event.kind != EventKind::Invoke {
            let ends_nothing = || wrong("ends an operation, and has none under way");
            let (call, at) = self.open.remove(&process).ok_or_else(ends_nothing)?;
            return self.add(process, &call, at, Some((event, position)));
        }
        match self.open.insert(process, (event.clone(), position)) {
            None => Ok(()),
            Some(_) => Err(wrong("begins an operation before the one under way has ended")),
        }
    }

    /// Ends the file. Returns how many operations are in it.
    pub fn finish(mut self) -> Result<u64, TableError> {
        for (process, (call, at)) in mem::take(&mut self.open) {
            self.add(process, &call, at, None)?;
        }
        self.flush()?;
        self.file.close()?;
        Ok(self.written)
    }

    fn add(
        &mut self,
        process: u32,
        call: &Event,
        position: i64,
        end: Option<(&Event, i64)>,
    ) -> Result<(), TableError> {
        self.rows.add(process, call, position, end);
        self.written += 1;
        if self.rows.process.levels.len() < ROWS_MAX { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let mut group = self.file.next_row_group()?;
        mem::take(&mut self.rows).write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

/// A column, in which there may be gaps.
struct Column<T: DataType> {
    values: Vec<T::T>,
    /// 1 for a value, 0 for a gap.
    levels: Vec<i16>,
}

impl<T: DataType> Default for Column<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T: DataType> Column<T> {
    fn push(&mut self, value: Option<T::T>) {
        self.levels.push(value.is_some().into());
        self.values.extend(value);
    }

    fn write<W: Write + Send>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let mut column = group.next_column()?.expect("the schema has as many columns");
        column.typed::<T>().write_batch(&self.values, Some(&self.levels), None)?;
        column.close()
    }
}

/// Rows that are not in the file yet.
#[derive(Default)]
struct Columns {
    process: Column<Int32Type>,
    f: Column<ByteArrayType>,
    key: Column<ByteArrayType>,
    value: Column<ByteArrayType>,
    expected: Column<ByteArrayType>,
    observed: Column<ByteArrayType>,
    outcome: Column<ByteArrayType>,
    error: Column<ByteArrayType>,
    call_index: Column<Int64Type>,
    return_index: Column<Int64Type>,
    call_ns: Column<Int64Type>,
    return_ns: Column<Int64Type>,
}

impl Columns {
    fn add(&mut self, process: u32, call: &Event, position: i64, end: Option<(&Event, i64)>) {
        let end_event = end.map(|(event, _)| event);
        let outcome = end_event.map_or(EventKind::Info, |event| event.kind);
        let result =
            end_event.filter(|event| event.kind == EventKind::Ok).map(|event| &event.value);
        let value = result.filter(|value| **value != Datum::Nil).unwrap_or(&call.value);
        let (expected, value) = match (&*call.f, value.as_pair()) {
            ("cas", Some((expected, new))) => (Some(expected), new),
            _ => (None, value),
        };
        let error = end_event.and_then(|event| {
            event.extra.iter().find(|(name, _)| **name == *"error").map(|(_, error)| error)
        });
        self.process.push(Some(process as i32));
        self.f.push(Some(bytes(&call.f)));
        self.key.push(call.key.as_ref().and_then(text));
        self.value.push(text(value));
        self.expected.push(expected.and_then(text));
        self.observed.push(end_event.and_then(|event| event.observed.as_ref()).and_then(text));
        self.outcome.push(Some(bytes(outcome.name())));
        self.error.push(error.and_then(text));
        self.call_index.push(Some(position));
        self.return_index.push(end.map(|(_, position)| position));
        self.call_ns.push(call.time);
        self.return_ns.push(end_event.and_then(|event| event.time));
    }

    fn write<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        self.process.write(group)?;
        for column in [self.f, self.key, self.value, self.expected, self.observed] {
            column.write(group)?;
        }
        for column in [self.outcome, self.error] {
            column.write(group)?;
        }
        for column in [self.call_index, self.return_index, self.call_ns, self.return_ns] {
            column.write(group)?;
        }
        Ok(())
    }
}

fn bytes(text: &str) -> ByteArray {
    ByteArray::from(text.as_bytes().to_vec())
}

/// A value as text: names as they are, all else as JSON; `None` for null.
fn text(datum: &Datum) -> Option<ByteArray> {
    match datum {
        Datum::Nil => None,
        Datum::Text(name) | Datum::Keyword(name) => Some(bytes(name)),
        Datum::Int(number) => Some(bytes(&number.to_string())),
        Datum::Bool(_) | Datum::Float(_) | Datum::List(_) | Datum::Map(_) => {
            let json = serde_json::to_string(datum).unwrap_or_else(|_| datum.to_string());
            Some(bytes(&json))
        }
    }
}
