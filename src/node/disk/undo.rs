//! What a loss of power would undo: the contents of a file as they were at its last sync.
//!
//! A killed process loses nothing that it has written, since the operating system still has it. Losing
//! power loses what was not synced. To make that real without pulling a plug, everything that is about to
//! be overwritten goes into a file beside the data first; going back means putting it there again.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The head of an entry: place, length, and how long the file was.
const HEAD_BYTES: usize = 24;

/// The journal of one file.
#[derive(Debug)]
pub(super) struct Undo {
    journal: File,
    /// How long the file is.
    file_length: u64,
    /// A part of the file to be, kept for its memory.
    entry: Vec<u8>,
}

/// Where the journal of a file is.
fn beside(data: &Path) -> PathBuf {
    data.with_extension("undo")
}

impl Undo {
    /// An empty journal of the file at `data`: what it holds now is what it holds for good.
    pub(super) fn new(data: &Path, file: &File) -> io::Result<Self> {
        let journal = File::options().create(true).append(true).open(beside(data))?;
        journal.set_len(0)?;
        Ok(Self { journal, file_length: file.metadata()?.len(), entry: Vec::new() })
    }

    /// Notes what is in a part of the file, before something else is written there or the file gets
    /// another length.
    pub(super) fn note(&mut self, file: &File, offset: u64, length: usize) -> io::Result<()> {
        let file_length = self.file_length;
        let there = file_length.saturating_sub(offset).min(length as u64);
        self.entry.clear();
        for number in [offset, there, file_length] {
            self.entry.extend_from_slice(&number.to_le_bytes());
        }
        self.entry.resize(HEAD_BYTES + there as usize, 0);
        file.read_exact_at(&mut self.entry[HEAD_BYTES..], offset)?;
        self.journal.write_all(&self.entry)
    }

    /// The file has another length from now on.
    pub(super) fn set_file_length(&mut self, length: u64) {
        self.file_length = length;
    }

    /// The file is at least so long from now on.
    pub(super) fn grow_to(&mut self, length: u64) {
        self.file_length = self.file_length.max(length);
    }

    /// All that was written is on disk for certain.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.journal.set_len(0)
    }
}

/// Puts the file at `data` back to what it was at its last sync. Returns how many changes that undid.
pub(super) fn go_back(data: &Path) -> io::Result<usize> {
    let journal = match std::fs::read(beside(data)) {
        Ok(journal) => journal,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let file = File::options().write(true).open(data)?;
    let entries = entries(&journal);
    for (offset, contents, file_length) in entries.iter().rev() {
        file.write_all_at(contents, *offset)?;
        file.set_len(*file_length)?;
    }
    file.sync_data()?;
    Ok(entries.len())
}

/// The entries of a journal. One that is not whole was being written when the process died, and so
/// nothing had been overwritten yet.
fn entries(journal: &[u8]) -> Vec<(u64, &[u8], u64)> {
    let mut entries = Vec::new();
    let mut rest = journal;
    while let Some((head, after)) = rest.split_at_checked(HEAD_BYTES) {
        let number = |at: usize| {
            u64::from_le_bytes(head[at..at + 8].try_into().expect("eight bytes are eight bytes"))
        };
        let Some((contents, after)) = after.split_at_checked(number(8) as usize) else { break };
        entries.push((number(0), contents, number(16)));
        rest = after;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_since_the_last_sync_is_undone_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("data");
        std::fs::write(&path, b"0123456789").unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        let mut undo = Undo::new(&path, &file).unwrap();
        let write = |undo: &mut Undo, offset: u64, text: &[u8]| {
            undo.note(&file, offset, text.len()).unwrap();
            undo.grow_to(offset + text.len() as u64);
            file.write_all_at(text, offset).unwrap();
        };
        write(&mut undo, 0, b"abc");
        undo.forget().unwrap();
        write(&mut undo, 1, b"XYZ");
        write(&mut undo, 2, b"--");
        // Past the end, and then shorter again.
        write(&mut undo, 8, b"longer");
        undo.note(&file, 5, 100).unwrap();
        file.set_len(5).unwrap();
        // The process died while it wrote this.
        undo.journal.write_all(&[1; 30]).unwrap();
        drop(undo);
        assert_eq!(go_back(&path).unwrap(), 4);
        assert_eq!(std::fs::read(&path).unwrap(), b"abc3456789");
    }
}
