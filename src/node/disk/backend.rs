//! The file under the database: real writes and real syncs, which can be made slow or be refused.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

use super::undo::Undo;

/// A file. All clones are one.
#[derive(Debug, Clone)]
pub(super) struct Backend(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: File,
    /// What was overwritten since the last sync; `None` where syncs do not go to the disk, and so whatever
    /// is written counts as synced.
    undo: Option<Mutex<Undo>>,
    /// Whether there is no space left.
    is_full: AtomicBool,
}

impl Backend {
    /// The file at `path`, which is made if there is none.
    pub(super) fn open(path: &Path, fsync: bool) -> io::Result<Self> {
        let file =
            File::options().create(true).truncate(false).read(true).write(true).open(path)?;
        let undo = Undo::new(path, &file)?;
        Ok(Self(Arc::new(Shared {
            file,
            undo: fsync.then(|| Mutex::new(undo)),
            is_full: AtomicBool::new(false),
        })))
    }

    /// From now on nothing can be written, or it can again.
    pub(super) fn set_full(&self, is_full: bool) {
        self.0.is_full.store(is_full, Ordering::Relaxed);
    }

    /// Brings everything written to the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        let Some(mut undo) = self.undo() else { return Ok(()) };
        self.0.file.sync_data()?;
        undo.forget()
    }

    fn undo(&self) -> Option<MutexGuard<'_, Undo>> {
        let undo = self.0.undo.as_ref()?;
        Some(undo.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn refuse_if_full(&self) -> io::Result<()> {
        let is_full = self.0.is_full.load(Ordering::Relaxed);
        if is_full { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.file.read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let before = self.0.file.metadata()?.len();
        if length > before {
            self.refuse_if_full()?;
        }
        if let Some(mut undo) = self.undo() {
            undo.note(&self.0.file, length, before.saturating_sub(length) as usize)?;
            undo.set_file_length(length);
        }
        self.0.file.set_len(length)
    }

    /// The database syncs at the end of every commit. That is put off until [`sync`](Self::sync), which
    /// comes at once or after the delay of a slow disk.
    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.refuse_if_full()?;
        if let Some(mut undo) = self.undo() {
            undo.note(&self.0.file, offset, data.len())?;
            undo.grow_to(offset + data.len() as u64);
        }
        self.0.file.write_all_at(data, offset)
    }
}
