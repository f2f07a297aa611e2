//! The database file: where it is, its tables, and how it is created, opened and brought to the current version.

use crate::private;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database in the history's directory.
pub(super) const FILE_NAME: &str = "runs.db";

/// How long a statement waits for another program that writes.
const BUSY: Duration = Duration::from_secs(1);

/// The steps from each version of the tables to the next. The number of steps is the current version, which the
/// database keeps in `user_version`.
const STEPS: &[&str] = &[
    // `runs` has one row for each run, for lists. `parts` has its reports as compressed JSON lines. `search` is the index
    // for searches; `super::grams` says what is in it. `ids` has the latest id that was given to a run. `imported` has
    // the older history files that were read.
    "CREATE TABLE runs (
         run INTEGER PRIMARY KEY,
         asked TEXT NOT NULL,
         answer TEXT,
         signature TEXT NOT NULL,
         module TEXT NOT NULL,
         models TEXT NOT NULL,
         model TEXT,
         outcome TEXT,
         switched INTEGER NOT NULL,
         attempts INTEGER NOT NULL,
         took_ms REAL NOT NULL,
         cost REAL NOT NULL,
         costs_unknown INTEGER NOT NULL,
         simulated INTEGER NOT NULL
     );
     CREATE TABLE parts (id INTEGER PRIMARY KEY, run INTEGER NOT NULL, lines BLOB NOT NULL);
     CREATE INDEX parts_of_run ON parts (run);
     CREATE VIRTUAL TABLE search USING fts5(grams, content='', contentless_delete=1, detail='none', tokenize='ascii');
     CREATE TABLE ids (latest INTEGER NOT NULL);
     INSERT INTO ids VALUES (0);
     CREATE TABLE imported (file TEXT PRIMARY KEY, bytes INTEGER NOT NULL);",
    // Parts of the index are put together when there are 8 of one size and not 4: less work for each run, and a search still
    // reads few of them.
    "INSERT INTO search (search, rank) VALUES ('automerge', 8);",
];

/// Why the history cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The file or its directory cannot be used.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The database refuses.
    #[error("{}", explain(.0))]
    Database(rusqlite::Error),
    /// A later version of this program wrote the tables.
    #[error("a later version of Switchover wrote it (tables of version {found}, this program knows {known})")]
    Newer {
        /// The version in the file.
        found: usize,
        /// The version of this program.
        known: usize,
    },
    /// More arrives than can be written.
    #[error("the disk is too slow")]
    TooSlow,
    /// What is stored of a run cannot be read.
    #[error("what is stored of run {0} is damaged")]
    Damaged(u64),
}

/// Not a source: what it says is in the words of the error already.
impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl HistoryError {
    /// Whether another program holds the database, so that trying again may help.
    pub(super) fn is_busy(&self) -> bool {
        let busy = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked];
        matches!(self, Self::Database(error) if error.sqlite_error_code().is_some_and(|code| busy.contains(&code)))
    }
}

/// A database error in words that say what to do.
fn explain(error: &rusqlite::Error) -> String {
    let known = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another program holds it",
        Some(ErrorCode::DiskFull) => "the disk is full",
        Some(ErrorCode::ReadOnly) => "it is read-only",
        Some(ErrorCode::CannotOpen) => "it cannot be opened",
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            "it is damaged; move it away, and a new one is created"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk reports an error",
        _ => return error.to_string(),
    };
    known.to_owned()
}

/// The path of the database.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(FILE_NAME)
}

/// Opens the database, and creates it if it does not exist.
///
/// # Errors
/// It cannot be created, opened or brought to the current version.
pub(super) fn open(directory: &Path) -> Result<Connection, HistoryError> {
    create_private(directory)?;
    connect(&path(directory))
}

/// Opens the database; `None` if there is none.
///
/// # Errors
/// It cannot be opened or brought to the current version.
pub(super) fn open_existing(directory: &Path) -> Result<Option<Connection>, HistoryError> {
    let path = path(directory);
    if path.try_exists()? { connect(&path).map(Some) } else { Ok(None) }
}

fn connect(path: &Path) -> Result<Connection, HistoryError> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file").into());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    // What is deleted is overwritten; a write-ahead log that has grown is cut.
    database.execute_batch("PRAGMA secure_delete = ON; PRAGMA journal_size_limit = 4194304;")?;
    migrate(&mut database)?;
    Ok(database)
}

fn version(database: &Connection) -> Result<usize, HistoryError> {
    let found: u32 = database.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    let (found, known) = (found as usize, STEPS.len());
    if found > known { Err(HistoryError::Newer { found, known }) } else { Ok(found) }
}

/// Brings the tables to the current version.
fn migrate(database: &mut Connection) -> Result<(), HistoryError> {
    let found = version(database)?;
    if found == STEPS.len() {
        return Ok(());
    }
    if found == 0 {
        // Only an empty database takes this; the log of a crashed program must not be in the way.
        database.execute_batch("PRAGMA auto_vacuum = INCREMENTAL;")?;
        let _: String = database.query_row("PRAGMA journal_mode = WAL", (), |row| row.get(0))?;
    }
    let steps = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another program may have been faster.
    for step in &STEPS[version(&steps)?..] {
        steps.execute_batch(step)?;
    }
    steps.pragma_update(None, "user_version", STEPS.len() as u32)?;
    steps.commit()?;
    Ok(())
}

/// Creates the directory and an empty file that only their owner can read. The database's other files get the same
/// permissions.
fn create_private(directory: &Path) -> io::Result<()> {
    let path = path(directory);
    if !path.try_exists()? {
        private::create_folder(directory)?;
        private::file_options().write(true).create(true).truncate(false).open(path)?;
    }
    Ok(())
}
