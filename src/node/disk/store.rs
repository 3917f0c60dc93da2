//! The records of a node in an embedded database.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::backend::Backend;
use super::undo;
use crate::protocol::{Disk, Record, Slot};

const RECORDS: TableDefinition<'_, (u8, u64), &[u8]> = TableDefinition::new("records");
/// How often the node was started, in its only row.
const STARTS: TableDefinition<'_, (), u32> = TableDefinition::new("starts");

/// A node's records on disk.
pub(super) struct Store {
    database: Database,
    backend: Backend,
}

/// What a node finds on its disk.
#[derive(Debug)]
pub(in crate::node) struct Found {
    records: Vec<(Slot, Record)>,
    /// How often it was started before.
    pub(in crate::node) incarnation: u32,
    /// How many writes were undone because they had not been synced.
    pub(in crate::node) undone: usize,
}

impl Disk for Found {
    fn records(&self) -> impl Iterator<Item = (Slot, Record)> {
        self.records.iter().cloned()
    }
}

impl Store {
    /// The database in the directory `dir`, which is made if there is none. With `lose_unsynced`, what
    /// was not synced is undone first, as if the power had failed.
    pub(super) fn open(dir: &Path, fsync: bool, lose_unsynced: bool) -> Result<(Self, Found)> {
        let in_dir = || format!("cannot open the database in {}", dir.display());
        fs::create_dir_all(dir).with_context(in_dir)?;
        let path = dir.join("records.redb");
        let undone = if lose_unsynced { undo::go_back(&path).with_context(in_dir)? } else { 0 };
        let backend = Backend::open(&path, fsync).with_context(in_dir)?;
        let database =
            Database::builder().create_with_backend(backend.clone()).with_context(in_dir)?;
        let store = Self { database, backend };
        let incarnation = store.count_start().with_context(in_dir)?;
        let records = store.records().with_context(in_dir)?;
        Ok((store, Found { records, incarnation, undone }))
    }

    /// The file under it.
    pub(super) fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Writes records, in the place of what was there. A killed process does not lose them.
    pub(super) fn write<'r>(
        &self,
        records: impl Iterator<Item = &'r (Slot, Record)>,
    ) -> Result<()> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(RECORDS)?;
            for (slot, record) in records {
                let bytes = postcard::to_stdvec(record)?;
                table.insert((slot.room, slot.number), bytes.as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Makes everything written safe from a loss of power.
    pub(super) fn sync(&self) -> Result<()> {
        self.backend.sync().context("cannot sync")
    }

    /// Counts one more start, safely. Returns how many there were before.
    fn count_start(&self) -> Result<u32> {
        let transaction = self.database.begin_write()?;
        let before = {
            let mut table = transaction.open_table(STARTS)?;
            let before = table.get(())?.map_or(0, |count| count.value());
            table.insert((), before + 1)?;
            before
        };
        // Made here, so that it can be read from now on.
        transaction.open_table(RECORDS)?;
        transaction.commit()?;
        self.sync()?;
        Ok(before)
    }

    fn records(&self) -> Result<Vec<(Slot, Record)>> {
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut records = Vec::new();
        for row in table.iter()? {
            let (key, bytes) = row?;
            let (room, number) = key.value();
            let record = postcard::from_bytes(bytes.value())
                .with_context(|| format!("record {room}/{number} is not one of this program"))?;
            records.push((Slot { room, number }, record));
        }
        Ok(records)
    }
}
