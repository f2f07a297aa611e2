//! The history writer: one thread stores reports in the order of their arrival, several in one transaction, so that
//! neither a slow disk nor another program delays a run. The thread opens the database when the first run begins.

use super::mailbox::{Mailbox, Work};
use super::packed::Packer;
use super::retention::{self, Retention};
use super::runs::{add_part, exists, merge_parts, reports_of, write_row};
use super::schema::{self, HistoryError};
use crate::failover::Event;
use crate::lock::locked;
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// The longest time that a report waits for others of its transaction.
const BATCH: Duration = Duration::from_millis(100);
/// The bytes of reports, roughly, with which a transaction begins at once: 1 MiB.
const BATCH_BYTES: usize = 1 << 20;
/// The longest wait for a request where nothing else is to be done.
const FOREVER: Duration = Duration::from_secs(1 << 30);
/// The bytes of reports that may wait for the thread: 32 MiB. If the disk cannot keep up, later text is lost.
const MAX_WAITING: usize = 32 << 20;
/// With this many bytes waiting, the writer is behind: 4 MiB.
const BEHIND: usize = 4 << 20;
/// What a report takes in memory besides its text, roughly.
const OVERHEAD: usize = 256;
/// The bytes of lines that may wait for another program to let the database go: 64 MiB.
const MAX_PENDING: usize = 64 << 20;
/// The longest run whose lines are compressed as a whole at its end: 1 MiB.
const MAX_MERGED: usize = 1 << 20;
/// An id further ahead of the clock than this, in ms, comes from a wrong clock and is ignored.
const MAX_AHEAD: u64 = 60_000;

/// The ids that are claimed at once, so that programs with the same history never get the same one. An id is the wall time
/// in ms, so a claim lasts that long, and an id is at most that far ahead of the clock. A program that needs ids all the time
/// claims twice as many each time, because its runs wait for a claim until the batch before it is written.
const FIRST_LEASE: u64 = 16;
const MOST_LEASE: u64 = 1024;

/// A handle to the thread that writes the history. Clones share the thread; it ends when the last one is dropped.
#[derive(Clone, Default)]
pub struct HistoryWriter {
    thread: Option<Arc<WriterThread>>,
}

/// The thread, seen from outside.
struct WriterThread {
    mailbox: Arc<Mailbox>,
    queue: Arc<Queue>,
    lease: Arc<Mutex<Lease>>,
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.mailbox.close();
    }
}

/// Ids that no other program gets.
#[derive(Debug, Default)]
struct Lease {
    /// The first that is not given to a run.
    next: u64,
    /// The first that is not this program's.
    end: u64,
}

impl Lease {
    /// The next id at this wall time; `None` if a lease is needed that reaches it.
    fn take(lease: &Mutex<Self>, wall: u64) -> Option<u64> {
        let mut lease = locked(lease);
        let id = wall.max(lease.next);
        (id < lease.end).then(|| {
            lease.next = id + 1;
            id
        })
    }
}

/// What waits for the thread.
#[derive(Debug, Default)]
struct Queue {
    /// The bytes of reports, roughly.
    bytes: AtomicUsize,
    /// The bytes of text that did not fit, since the last time that this was reported.
    lost: AtomicUsize,
}

impl HistoryWriter {
    /// Starts the thread for the history of this data directory. The thread calls `on_error` once, with the text of the
    /// first error. Runs beyond the limits of `retention` are deleted from time to time.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(data: &Path, retention: Retention, on_error: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let thread = WriterThread { mailbox: Arc::default(), queue: Arc::default(), lease: Arc::default() };
        let directory = data.join(super::DIRECTORY);
        let store = Store {
            directory,
            database: None,
            retention,
            runs: BTreeMap::new(),
            last: 0,
            lease: 0,
            ended: 0,
            prunes_at: 0,
        };
        let writer = Writer {
            store,
            queue: Arc::clone(&thread.queue),
            lease: Arc::clone(&thread.lease),
            on_error: Box::new(on_error),
            reported: BTreeSet::new(),
        };
        let mailbox = Arc::clone(&thread.mailbox);
        thread::Builder::new().name("history".into()).spawn(move || writer.run(&mailbox))?;
        Ok(Self { thread: Some(Arc::new(thread)) })
    }

    /// A writer that stores nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether runs are stored.
    pub fn is_on(&self) -> bool {
        self.thread.is_some()
    }

    /// Whether at least 4 MiB wait to be stored: callers that can wait should do so.
    pub fn is_behind(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| thread.queue.bytes.load(Ordering::Relaxed) >= BEHIND)
    }

    /// Stores one report. Returns at once; see [`when_written`](Self::when_written).
    pub fn keep(&self, report: &Arc<Report>) {
        let Some(thread) = &self.thread else { return };
        // Text is lost rather than the memory filled; the events that say what happened are few.
        let is_text = matches!(report.what, ReportKind::Observation(Observation::Stream { .. }));
        if is_text && thread.queue.bytes.load(Ordering::Relaxed) >= MAX_WAITING {
            thread.queue.lost.fetch_add(bytes(report), Ordering::Relaxed);
            return;
        }
        thread.queue.bytes.fetch_add(bytes(report), Ordering::Relaxed);
        thread.mailbox.keep(Arc::clone(report), bytes(report), BATCH_BYTES);
    }

    /// Calls `then` on the thread when all reports so far are stored, and final events are synced to disk; also after
    /// an error. Calls it at once if nothing is stored.
    pub fn when_written(&self, then: impl FnOnce() + Send + 'static) {
        match &self.thread {
            Some(thread) => thread.mailbox.when_stored(Box::new(then)),
            None => then(),
        }
    }

    /// Waits until everything is stored, but not longer than `most`: for a program that is about to end.
    pub fn settle(&self, most: Duration) {
        let (stored, wait) = channel();
        self.when_written(move || _ = stored.send(()));
        _ = wait.recv_timeout(most);
    }

    /// Calls `then` with a new run id that is unique among all programs with the same history. `wall` is the wall time
    /// in ms since 1970. Does not call it if nothing is stored.
    pub fn number_run(&self, wall: u64, then: impl FnOnce(u64) + Send + 'static) {
        let Some(thread) = &self.thread else { return };
        match Lease::take(&thread.lease, wall) {
            Some(id) => then(id),
            None => thread.mailbox.number(wall, Box::new(then)),
        }
    }
}

/// The thread's state.
struct Writer {
    store: Store,
    queue: Arc<Queue>,
    lease: Arc<Mutex<Lease>>,
    on_error: Box<dyn Fn(String) + Send>,
    /// What was said already.
    reported: BTreeSet<&'static str>,
}

impl Writer {
    /// Works until the last handle is dropped. What another program's transaction keeps out is tried again with the next
    /// batch, or after its time.
    fn run(mut self, mailbox: &Mailbox) {
        let mut since = None;
        loop {
            let patience = if self.store.has_lines() { BATCH } else { FOREVER };
            match mailbox.next(&mut since, patience, BATCH, BATCH_BYTES) {
                Work::Number(runs) => {
                    for (wall, then) in runs {
                        then(self.next_id(wall));
                    }
                }
                Work::Store(reports, stored) => {
                    let is_stored = self.store(&reports);
                    for then in stored {
                        then();
                    }
                    if is_stored {
                        let pruned = self.store.prune();
                        self.report(pruned.as_ref().err());
                    }
                }
                Work::End => {
                    self.store(&[]);
                    return;
                }
            }
        }
    }

    /// Stores reports. Returns whether that worked.
    fn store(&mut self, reports: &[Arc<Report>]) -> bool {
        for report in reports {
            self.queue.bytes.fetch_sub(bytes(report), Ordering::Relaxed);
            self.store.keep(report);
        }
        let committed = self.store.commit();
        self.report(committed.as_ref().err());
        if self.queue.lost.swap(0, Ordering::Relaxed) > 0 {
            self.report(Some(&HistoryError::TooSlow));
        }
        committed.is_ok()
    }

    /// The next id. If the database cannot be used, it is unique within this program only.
    fn next_id(&mut self, wall: u64) -> u64 {
        // Whoever asked before may have got a lease.
        if let Some(id) = Lease::take(&self.lease, wall) {
            return id;
        }
        let claimed = self.store.claim(wall);
        self.report(claimed.as_ref().err());
        let id = *claimed.as_ref().unwrap_or(&self.store.last);
        *locked(&self.lease) = Lease { next: id + 1, end: self.store.last + 1 };
        id
    }

    fn report(&mut self, error: Option<&HistoryError>) {
        let Some(error) = error else { return };
        tracing::warn!(target: "history", %error, "not stored");
        let what = match error {
            HistoryError::TooSlow => "parts of answers are not stored",
            _ => "runs are not stored",
        };
        if self.reported.insert(what) {
            let path = schema::path(&self.store.directory);
            (self.on_error)(format!(
                "{what}: {}: {error}; `--set history.keep=nothing` turns the history off",
                path.display()
            ));
        }
    }
}

/// What a report takes in memory, roughly.
fn bytes(report: &Report) -> usize {
    match &report.what {
        ReportKind::Observation(Observation::Stream { delta, .. }) => OVERHEAD + delta.text().len(),
        _ => OVERHEAD,
    }
}

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
struct Store {
    directory: PathBuf,
    database: Option<Connection>,
    retention: Retention,
    runs: BTreeMap<u64, LiveRun>,
    /// The latest id of this program.
    last: u64,
    /// The number of runs that this program has stored to their end.
    ended: usize,
    /// How many ids were claimed the last time.
    lease: u64,
    /// The number of them at which the limits are looked at.
    prunes_at: usize,
}

impl Store {
    fn database(&mut self) -> Result<&mut Connection, HistoryError> {
        if self.database.is_none() {
            self.database = Some(schema::open(&self.directory)?);
        }
        self.database.as_mut().ok_or_else(|| io::Error::other("it is closed").into())
    }

    /// Claims ids up to the new `last`, and returns the first. If the database cannot be used, `last` is an id that is
    /// unique within this program.
    fn claim(&mut self, wall: u64) -> Result<u64, HistoryError> {
        let is_busy = wall <= self.last + self.lease;
        self.lease = if is_busy { (self.lease * 2).min(MOST_LEASE) } else { FIRST_LEASE };
        let own = wall.max(self.last + 1);
        self.last = own;
        let claim = "UPDATE ids SET latest = CASE WHEN latest >= ?1 AND latest < ?2 THEN latest + 1 ELSE ?1 END + ?3 \
                     RETURNING latest";
        let values = [own, wall.saturating_add(MAX_AHEAD), self.lease - 1].map(u64::cast_signed);
        let last: i64 = self.database()?.prepare_cached(claim)?.query_row(values, |row| row.get(0))?;
        self.last = last.cast_unsigned();
        Ok(self.last - (self.lease - 1))
    }

    /// Adds a report to what is stored next.
    fn keep(&mut self, report: &Report) {
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
    fn has_lines(&self) -> bool {
        self.runs.values().any(|run| !run.lines.is_empty())
    }

    /// Stores everything that has arrived. Where another program holds the database, it is kept for the next time; after
    /// any other error, the runs in progress are lost.
    fn commit(&mut self) -> Result<(), HistoryError> {
        for run in self.runs.values_mut() {
            run.packer.flush(&mut run.lines);
        }
        let waiting: usize = self.runs.values().map(|run| run.lines.len()).sum();
        if waiting == 0 {
            return Ok(());
        }
        let runs = std::mem::take(&mut self.runs);
        let stored = self.database().and_then(|database| store(database, &runs));
        match &stored {
            Ok(()) => {
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
            Err(_) => self.database = None,
        }
        stored
    }

    /// Deletes some runs beyond the limits, if that is due: when the program begins, and again after every 1000 runs.
    fn prune(&mut self) -> Result<(), HistoryError> {
        if self.ended < self.prunes_at {
            return Ok(());
        }
        // The end of a lease is in the future.
        let (retention, now) = (self.retention, self.last.saturating_sub(self.lease));
        if !retention::prune(self.database()?, retention, now)? {
            self.prunes_at = self.ended + 1000;
        }
        Ok(())
    }
}

/// Stores the lines of runs.
fn store(database: &mut Connection, runs: &BTreeMap<u64, LiveRun>) -> Result<(), HistoryError> {
    // A final event is on the disk before it is reported; other lines only have to survive this program.
    let ends = runs.values().any(|run| run.ended);
    database.pragma_update(None, "synchronous", if ends { "FULL" } else { "NORMAL" })?;
    let stored = write(database, runs);
    // An id waits for no disk.
    database.pragma_update(None, "synchronous", "NORMAL")?;
    stored
}

/// Writes the lines in one transaction.
fn write(database: &mut Connection, runs: &BTreeMap<u64, LiveRun>) -> Result<(), HistoryError> {
    let changes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, run) in runs.iter().filter(|(_, run)| !run.lines.is_empty()) {
        if run.added && !exists(&changes, *id)? {
            continue;
        }
        add_part(&changes, *id, &run.lines)?;
        // A long run stays in parts: one of all of them would take its whole length in memory.
        let in_parts = run.added || run.ended && run.stored > 0;
        if in_parts && run.stored + run.lines.len() <= MAX_MERGED {
            merge_parts(&changes, *id)?;
        }
        if run.added {
            write_row(&changes, &Transcript::of(&reports_of(&changes, *id)?))?;
        } else if run.changed {
            write_row(&changes, &run.transcript)?;
        }
    }
    changes.commit()?;
    Ok(())
}
