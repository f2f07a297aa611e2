//! What the writer's thread stores: the runs in progress, and the database that they are written to in transactions.

use super::ids::{Claims, Lease};
use super::packed::{Compressor, Packer};
use super::retention::{self, Retention};
use super::runs::{add_part, exists, merge_parts, reports_of, write_row};
use super::schema::{self, HistoryError};
use crate::failover::Event;
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::Mutex;

/// The bytes of lines that may wait for another program to let the database go: 64 MiB.
const MAX_PENDING: usize = 64 << 20;
/// The longest run whose lines are compressed as a whole at its end: 1 MiB.
const MAX_MERGED: usize = 1 << 20;

/// A run in progress.
#[derive(Default)]
struct LiveRun {
    packer: Packer,
    /// All reports but text: what its row needs.
    transcript: Transcript,
    /// Lines that are not stored yet.
    lines: Vec<u8>,
    /// The bytes of the lines that are.
    stored: usize,
    /// Its row is out of date.
    changed: bool,
    /// Its final event has come.
    ended: bool,
    /// It has ended before, and something is added to it.
    added: bool,
}

/// The database, and what is to be stored in it.
pub(super) struct Store {
    database: Database,
    compressor: Compressor,
    /// The last transaction may not be on the disk yet.
    unsynced: bool,
    retention: Retention,
    runs: BTreeMap<u64, LiveRun>,
    claims: Claims,
    /// The number of runs that this program has stored to their end.
    ended: usize,
    /// The number of them at which the limits are looked at.
    prunes_at: usize,
}

/// The database, opened when it is needed.
struct Database {
    directory: PathBuf,
    connection: Option<Connection>,
}

impl Database {
    fn get(&mut self) -> Result<&mut Connection, HistoryError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            closed => Ok(closed.insert(schema::open(&self.directory)?)),
        }
    }
}

impl Store {
    /// A store in this directory, which is created with its first run.
    pub(super) fn new(directory: PathBuf, retention: Retention) -> Self {
        Self {
            database: Database { directory, connection: None },
            compressor: Compressor::default(),
            unsynced: false,
            retention,
            runs: BTreeMap::new(),
            claims: Claims::default(),
            ended: 0,
            prunes_at: 0,
        }
    }

    /// Where the database is, or will be.
    pub(super) fn path(&self) -> PathBuf {
        schema::path(&self.database.directory)
    }

    /// Claims ids at this wall time, as [`Claims::claim`] does.
    pub(super) fn claim(&mut self, wall: u64, lease: &Mutex<Lease>) -> (u64, Result<(), HistoryError>) {
        self.claims.claim(wall, lease, self.database.get())
    }

    /// Adds a report to what is stored next.
    pub(super) fn keep(&mut self, report: &Report) {
        let run = match self.runs.entry(report.run) {
            Entry::Occupied(run) => run.into_mut(),
            Entry::Vacant(new) => {
                let added = match &report.what {
                    ReportKind::Observation(Observation::Begun(_)) => false,
                    // Costs may come after the run's end.
                    ReportKind::Observation(Observation::Billed { .. }) => true,
                    // The lines before it were lost.
                    _ => return,
                };
                new.insert(LiveRun { added, changed: true, ..LiveRun::default() })
            }
        };
        run.packer.push(report, &mut run.lines);
        run.ended |= matches!(report.what, ReportKind::Engine(Event::Finished(_)));
        run.changed |= run.ended;
        let is_text = |delta: &Delta| matches!(delta, Delta::Text(_) | Delta::Reasoning(_));
        if !matches!(&report.what, ReportKind::Observation(Observation::Stream { delta, .. }) if is_text(delta)) {
            run.transcript.apply(report);
        }
    }

    /// Whether lines wait to be stored.
    pub(super) fn has_lines(&self) -> bool {
        self.runs.values().any(|run| !run.lines.is_empty())
    }

    /// Stores everything that has arrived; `synced` to disk, or else so that it survives this program. Where another
    /// program holds the database, the lines are kept for the next time; after any other error, the runs in progress are
    /// lost.
    pub(super) fn commit(&mut self, synced: bool) -> Result<(), HistoryError> {
        for run in self.runs.values_mut() {
            run.packer.flush(&mut run.lines);
        }
        let waiting: usize = self.runs.values().map(|run| run.lines.len()).sum();
        if waiting == 0 && !(synced && self.unsynced) {
            return Ok(());
        }
        let runs = std::mem::take(&mut self.runs);
        let stored = self.database.get().and_then(|database| store(database, &runs, &mut self.compressor, synced));
        match &stored {
            Ok(()) => {
                self.unsynced = !synced;
                self.ended += runs.values().filter(|run| run.ended).count();
                let live = runs.into_iter().filter(|(_, run)| !run.ended && !run.added);
                let kept = |run: LiveRun| {
                    let stored = run.stored + run.lines.len();
                    LiveRun { lines: Vec::new(), stored, changed: false, ..run }
                };
                self.runs = live.map(|(id, run)| (id, kept(run))).collect();
            }
            Err(error) if error.is_busy() && waiting < MAX_PENDING => self.runs = runs,
            // The next run opens the database again: it may have been moved away.
            Err(_) => self.database.connection = None,
        }
        stored
    }

    /// Deletes some runs beyond the limits, if that is due: when the program begins, and again after every 1000 runs.
    pub(super) fn prune(&mut self) -> Result<(), HistoryError> {
        if self.ended < self.prunes_at {
            return Ok(());
        }
        if !retention::prune(self.database.get()?, self.retention, self.claims.past())? {
            self.prunes_at = self.ended + 1000;
        }
        Ok(())
    }
}

/// Stores the lines of runs.
fn store(
    database: &mut Connection,
    runs: &BTreeMap<u64, LiveRun>,
    compressor: &mut Compressor,
    synced: bool,
) -> Result<(), HistoryError> {
    database.pragma_update(None, "synchronous", if synced { "FULL" } else { "NORMAL" })?;
    let stored = write(database, runs, compressor, synced);
    // An id waits for no disk.
    database.pragma_update(None, "synchronous", "NORMAL")?;
    stored
}

/// Writes the lines in one transaction.
fn write(
    database: &mut Connection,
    runs: &BTreeMap<u64, LiveRun>,
    compressor: &mut Compressor,
    synced: bool,
) -> Result<(), HistoryError> {
    let changes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut is_empty = true;
    for (id, run) in runs.iter().filter(|(_, run)| !run.lines.is_empty()) {
        if run.added && !exists(&changes, *id)? {
            continue;
        }
        is_empty = false;
        add_part(&changes, *id, &run.lines, compressor)?;
        // A long run stays in parts: one of all of them would take its whole length in memory.
        let in_parts = run.added || run.ended && run.stored > 0;
        if in_parts && run.stored + run.lines.len() <= MAX_MERGED {
            merge_parts(&changes, *id, compressor)?;
        }
        if run.added {
            write_row(&changes, &Transcript::of(&reports_of(&changes, *id)?))?;
        } else if run.changed {
            write_row(&changes, &run.transcript)?;
        }
    }
    if synced && is_empty {
        // Only a transaction that changes something syncs those before it: it takes an id that no run gets.
        changes.prepare_cached("UPDATE ids SET latest = latest + 1")?.execute(())?;
    }
    changes.commit()?;
    Ok(())
}
