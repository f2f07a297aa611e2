//! The history: every run is stored while it happens, in one `SQLite` database that several programs may use at once.
//! Knows files and reports; must not know who started a run or how it is shown.
//!
//! ```text
//! reports ─▶ writer (a thread) ─▶ packed lines ─▶ runs.db ─▶ query ─▶ rows for lists, reports of a run
//!            JSON lines of earlier versions ─ import ─▶ ┘  └─ retention: limits, forgetting
//! ```
//!
//! JSON lines are the format of exchange. The database has the same reports, without what is said twice. Reports arrive
//! here with secrets already masked.

mod grams;
mod ids;
mod import;
mod mailbox;
mod packed;
mod query;
mod redecide;
mod retention;
mod runs;
mod schema;
mod store;
mod writer;

pub use query::Query;
pub use redecide::{Difference, Redecided, redecide};
pub use retention::{Keep, Retention};
pub use schema::HistoryError;
pub use writer::HistoryWriter;

use crate::report::{LINES, Report};
use crate::text::{clean, clean_value};
use crate::transcript::RunRow;
use rusqlite::Connection;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The directory in the data directory.
const DIRECTORY: &str = "history";

/// The stored runs of a data directory. Each method opens the database, which takes about a millisecond.
#[derive(Clone, Debug)]
pub struct History {
    directory: PathBuf,
}

/// The runs of a file of JSON lines, and the number of its unreadable lines.
#[derive(Clone, Debug, Default)]
pub struct ParsedRuns {
    /// The reports of each run; the runs in order of their first lines.
    pub runs: Vec<Vec<Report>>,
    /// Lines that are not reports: cut off by a crash, or written by a later version.
    pub unread: usize,
}

/// What came out of the files of an earlier version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Runs that are in the database now.
    pub runs: usize,
    /// Files and lines that cannot be read.
    pub unread: usize,
}

/// Why a run was not found.
#[derive(Debug, thiserror::Error)]
pub enum RunNotFound {
    /// No run has this id.
    #[error("there is no run {0}; `switchover history` lists them")]
    None(String),
    /// Several runs have an id with this end; up to five of the ids.
    #[error("several runs have an id that ends in {0}: {1}")]
    Several(String, String),
    /// The history cannot be read.
    #[error(transparent)]
    History(#[from] HistoryError),
}

impl History {
    /// The history of a data directory. Reads nothing yet.
    pub fn of(data: &Path) -> Self {
        Self { directory: data.join(DIRECTORY) }
    }

    /// The database.
    pub fn path(&self) -> PathBuf {
        schema::path(&self.directory)
    }

    /// The files of an earlier version, oldest first.
    ///
    /// # Errors
    /// The directory exists but cannot be read.
    pub fn older_files(&self) -> io::Result<Vec<PathBuf>> {
        import::files(&self.directory)
    }

    /// Reads the files of an earlier version into the database, unless that was done before. The files stay.
    ///
    /// # Errors
    /// The directory cannot be read, or the database not written.
    pub fn import_older(&self) -> Result<Imported, HistoryError> {
        import::import_older(&self.directory)
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn rows(&self, query: &Query) -> Result<Vec<RunRow>, HistoryError> {
        self.read(Vec::new(), |database| query::rows(database, query))
    }

    /// The reports of the run with this id, or with an id that ends in these digits; `last` is the latest run.
    ///
    /// # Errors
    /// No run or several runs match, or the database cannot be read.
    pub fn find(&self, word: &str) -> Result<Vec<Report>, RunNotFound> {
        let none = || Err(RunNotFound::None(word.to_owned()));
        let Some(database) = schema::open_existing(&self.directory)? else { return none() };
        let run = query::find(&database, word)?;
        Ok(runs::reports_of(&database, run)?)
    }

    /// The reports of a run; empty if it is not stored.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn run(&self, run: u64) -> Result<Vec<Report>, HistoryError> {
        self.read(Vec::new(), |database| runs::reports_of(database, run))
    }

    /// Calls `each` with the reports of every run, oldest first, until it returns false.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn each_run(&self, mut each: impl FnMut(Vec<Report>) -> bool) -> Result<(), HistoryError> {
        self.read((), |database| {
            let mut ids = query::ids_after(database, -1)?;
            while let Some(last) = ids.last().copied() {
                for run in ids {
                    if !each(runs::reports_of(database, run)?) {
                        return Ok(());
                    }
                }
                ids = query::ids_after(database, last.cast_signed())?;
            }
            Ok(())
        })
    }

    /// Deletes the run with this id, or with an id that ends in these digits. Returns its id.
    ///
    /// # Errors
    /// No run or several runs match, or the database cannot be written.
    pub fn forget(&self, word: &str) -> Result<u64, RunNotFound> {
        let none = || Err(RunNotFound::None(word.to_owned()));
        let Some(mut database) = schema::open_existing(&self.directory)? else { return none() };
        let run = query::find(&database, word)?;
        retention::forget(&mut database, &[run])?;
        retention::scrub(&database)?;
        Ok(run)
    }

    /// Deletes the runs that started before this wall time, in ms since 1970. Returns their number.
    ///
    /// # Errors
    /// The database cannot be written.
    pub fn forget_before(&self, wall: u64) -> Result<usize, HistoryError> {
        let Some(mut database) = schema::open_existing(&self.directory)? else { return Ok(0) };
        let number = retention::forget_before(&mut database, wall)?;
        retention::scrub(&database)?;
        Ok(number)
    }

    /// Reads the database; the value of `empty` if there is none.
    fn read<T>(&self, empty: T, read: impl FnOnce(&Connection) -> Result<T, HistoryError>) -> Result<T, HistoryError> {
        match schema::open_existing(&self.directory)? {
            Some(database) => read(&database),
            None => Ok(empty),
        }
    }
}

/// Reads a file of JSON lines: the output of `--json` or of `history export`.
///
/// # Errors
/// The file cannot be read. Unreadable lines are not an error.
pub fn read(path: &Path) -> io::Result<ParsedRuns> {
    Ok(parse(&fs::read(path)?))
}

/// Parses JSON lines. Lines of several runs may be mixed.
pub fn parse(bytes: &[u8]) -> ParsedRuns {
    let mut parsed = ParsedRuns::default();
    let mut indexes: BTreeMap<u64, usize> = BTreeMap::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        let Some(report) = report(line) else {
            parsed.unread += 1;
            continue;
        };
        let index = *indexes.entry(report.run).or_insert_with(|| {
            parsed.runs.push(Vec::new());
            parsed.runs.len() - 1
        });
        parsed.runs[index].push(report);
    }
    parsed
}

/// What a line says of its format.
#[derive(serde::Deserialize)]
struct LineVersion {
    #[serde(default)]
    v: Option<u32>,
}

/// A line as a report, without control and invisible characters: the file may be somebody else's. `None` for a line of a
/// later format.
fn report(line: &[u8]) -> Option<Report> {
    let text = std::str::from_utf8(line).ok()?;
    // The lines of this version say so at their beginning; the first version did not say it at all.
    if !text.starts_with("{\"v\":1,") {
        let LineVersion { v } = serde_json::from_str(text).ok()?;
        if v.is_some_and(|v| v > LINES) {
            return None;
        }
    }
    // What JSON escapes as `\u` is rare, so nearly every line is read directly.
    if !text.contains("\\u") && matches!(clean(text), Cow::Borrowed(_)) {
        return serde_json::from_str(text).ok();
    }
    serde_json::from_value(clean_value(serde_json::from_str(text).ok()?)).ok()
}

#[cfg(test)]
mod tests;
