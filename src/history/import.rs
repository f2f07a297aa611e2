//! Files of earlier versions: one JSON lines file for each day. Each is read into the database once, and stays.

use super::packed::{Compressor, Packer};
use super::runs::{add_part, exists, write_row};
use super::schema::{self, HistoryError};
use super::{Imported, parse};
use crate::report::Report;
use crate::transcript::Transcript;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The number of runs in one transaction, so that other programs can write in between.
const SLICE: usize = 64;

/// Reads the files that were not read before.
pub(super) fn import_older(directory: &Path) -> Result<Imported, HistoryError> {
    let mut imported = Imported::default();
    let files = files(directory)?;
    if files.is_empty() {
        return Ok(imported);
    }
    let mut database = schema::open(directory)?;
    for path in files {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        // A file that cannot be read costs only its own runs.
        let Ok(bytes) = path.metadata().map(|data| data.len().cast_signed()) else { continue };
        if read_before(&database, name)? == Some(bytes) {
            continue;
        }
        let Ok(text) = fs::read(&path) else {
            imported.unread += 1;
            continue;
        };
        let day = parse(&text);
        drop(text);
        for runs in day.runs.chunks(SLICE) {
            imported.runs += add(&mut database, runs)?;
        }
        imported.unread += day.unread;
        let done = "INSERT OR REPLACE INTO imported (file, bytes) VALUES (?, ?)";
        database.execute(done, params![name, bytes])?;
    }
    Ok(imported)
}

/// Stores runs that are not stored yet. Returns their number.
fn add(database: &mut Connection, runs: &[Vec<Report>]) -> Result<usize, HistoryError> {
    let (mut number, mut compressor) = (0, Compressor::default());
    let changes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for run in runs {
        let Some(id) = run.first().map(|report| report.run) else { continue };
        if exists(&changes, id)? {
            continue;
        }
        let (mut packer, mut lines) = (Packer::default(), Vec::new());
        for report in run {
            packer.push(report, &mut lines);
        }
        packer.flush(&mut lines);
        add_part(&changes, id, &lines, &mut compressor)?;
        write_row(&changes, &Transcript::of(run))?;
        number += 1;
    }
    changes.commit()?;
    Ok(number)
}

/// The size of a file when it was read.
fn read_before(database: &Connection, file: &str) -> Result<Option<i64>, HistoryError> {
    let size = "SELECT bytes FROM imported WHERE file = ?";
    Ok(database.query_row(size, [file], |row| row.get(0)).optional()?)
}

/// The files of earlier versions, oldest first. Empty if the directory does not exist.
pub(super) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    // A named pipe would keep its reader waiting.
    files.retain(|path| path.extension().is_some_and(|ext| ext == "jsonl") && path.is_file());
    files.sort();
    Ok(files)
}
