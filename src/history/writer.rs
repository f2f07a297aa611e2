//! The history writer: one thread stores reports in the order of their arrival, several in one transaction, so that
//! neither a slow disk nor another program delays a run. The thread opens the database when the first run begins.

use super::packed::Packer;
use super::retention::{self, Retention};
use super::runs::{add_part, exists, merge_parts, reports_of, write_row};
use super::schema::{self, HistoryError};
use crate::failover::Event;
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use crate::transcript::Transcript;
use rusqlite::{Connection, TransactionBehavior};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

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

/// A handle to the thread that writes the history. Clones share the thread; it ends when the last one is dropped.
#[derive(Clone, Debug, Default)]
pub struct HistoryWriter {
    thread: Option<WriterThread>,
}

#[derive(Clone, Debug)]
struct WriterThread {
    requests: Sender<WriterRequest>,
    queue: Arc<Queue>,
}

/// What waits for the thread.
#[derive(Debug, Default)]
struct Queue {
    /// The bytes of reports, roughly.
    bytes: AtomicUsize,
    /// The bytes of text that did not fit, since the last time that this was reported.
    lost: AtomicUsize,
}

/// What is called when everything before it is stored.
type Stored = Box<dyn FnOnce() + Send>;

/// What the thread is asked to do.
enum WriterRequest {
    /// Store a report.
    Keep(Arc<Report>),
    /// Call this when everything before it is stored.
    Written(Stored),
    /// Call this with the id of a new run. The number is the wall time in ms since 1970.
    NewId(u64, Box<dyn FnOnce(u64) + Send>),
}

impl HistoryWriter {
    /// Starts the thread for the history of this data directory. The thread calls `on_error` once, with the text of the
    /// first error. Runs beyond the limits of `retention` are deleted from time to time.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(data: &Path, retention: Retention, on_error: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let (requests, received) = channel();
        let queue = Arc::<Queue>::default();
        let directory = data.join(super::DIRECTORY);
        let store =
            Store { directory, database: None, retention, runs: BTreeMap::new(), last: 0, ended: 0, prunes_at: 0 };
        let writer =
            Writer { store, queue: Arc::clone(&queue), on_error: Box::new(on_error), reported: BTreeSet::new() };
        thread::Builder::new().name("history".into()).spawn(move || writer.run(&received))?;
        Ok(Self { thread: Some(WriterThread { requests, queue }) })
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
        // The thread runs as long as a handle exists, so sending does not fail.
        _ = thread.requests.send(WriterRequest::Keep(Arc::clone(report)));
    }

    /// Calls `then` on the thread when all reports so far are stored, and final events are synced to disk; also after
    /// an error. Calls it at once if nothing is stored.
    pub fn when_written(&self, then: impl FnOnce() + Send + 'static) {
        match &self.thread {
            Some(thread) => _ = thread.requests.send(WriterRequest::Written(Box::new(then))),
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
        if let Some(thread) = &self.thread {
            _ = thread.requests.send(WriterRequest::NewId(wall, Box::new(then)));
        }
    }
}

/// The thread's state.
struct Writer {
    store: Store,
    queue: Arc<Queue>,
    on_error: Box<dyn Fn(String) + Send>,
    /// What was said already.
    reported: BTreeSet<&'static str>,
}

impl Writer {
    /// Handles requests until the last handle is dropped. What another program's transaction keeps out is tried again
    /// with the next batch, or after its time.
    fn run(mut self, received: &Receiver<WriterRequest>) {
        loop {
            let patience = if self.store.has_lines() { BATCH } else { FOREVER };
            let first = match received.recv_timeout(patience) {
                Ok(first) => Some(first),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let then = self.collect(first, received);
            let committed = self.store.commit();
            self.report(committed.as_ref().err());
            if self.queue.lost.swap(0, Ordering::Relaxed) > 0 {
                self.report(Some(&HistoryError::TooSlow));
            }
            if let Some(call) = then {
                call();
            }
            if committed.is_ok() {
                let pruned = self.store.prune();
                self.report(pruned.as_ref().err());
            }
        }
        let committed = self.store.commit();
        self.report(committed.as_ref().err());
    }

    /// Takes the requests of one batch. Returns what is called when it is stored.
    #[expect(clippy::disallowed_methods, reason = "a batch has a longest time")]
    fn collect(&mut self, first: Option<WriterRequest>, received: &Receiver<WriterRequest>) -> Option<Stored> {
        let (until, mut next, mut size) = (Instant::now() + BATCH, first, 0);
        while let Some(request) = next {
            match request {
                WriterRequest::Keep(report) => {
                    size += bytes(&report);
                    self.queue.bytes.fetch_sub(bytes(&report), Ordering::Relaxed);
                    self.store.keep(&report);
                }
                WriterRequest::Written(call) => return Some(call),
                WriterRequest::NewId(wall, call) => {
                    let id = self.store.next_id(wall);
                    self.report(id.as_ref().err());
                    call(id.unwrap_or(self.store.last));
                }
            }
            if size >= BATCH_BYTES {
                break;
            }
            next = received.recv_timeout(until.saturating_duration_since(Instant::now())).ok();
        }
        None
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
    /// The latest id.
    last: u64,
    /// The number of runs that this program has stored to their end.
    ended: usize,
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

    /// The next id. If the database cannot be used, `last` is an id that is unique within this program.
    fn next_id(&mut self, wall: u64) -> Result<u64, HistoryError> {
        let own = wall.max(self.last + 1);
        self.last = own;
        let claim = "UPDATE ids SET latest = CASE WHEN latest >= ?1 AND latest < ?2 THEN latest + 1 ELSE ?1 END \
                     RETURNING latest";
        let limits = [own, wall.saturating_add(MAX_AHEAD)].map(u64::cast_signed);
        let id: i64 = self.database()?.prepare(claim)?.query_row(limits, |row| row.get(0))?;
        self.last = id.cast_unsigned();
        Ok(self.last)
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
        let (retention, now) = (self.retention, self.last);
        if !retention::prune(self.database()?, retention, now)? {
            self.prunes_at = self.ended + 1000;
        }
        Ok(())
    }
}

/// Stores the lines of runs in one transaction.
fn store(database: &mut Connection, runs: &BTreeMap<u64, LiveRun>) -> Result<(), HistoryError> {
    // A final event is on the disk before it is reported; other lines only have to survive this program.
    let ends = runs.values().any(|run| run.ended);
    database.pragma_update(None, "synchronous", if ends { "FULL" } else { "NORMAL" })?;
    let changes = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (id, run) in runs.iter().filter(|(_, run)| !run.lines.is_empty()) {
        if run.added && !exists(&changes, *id)? {
            continue;
        }
        add_part(&changes, *id, &run.lines)?;
        // A long run stays in parts: one of all of them would take its whole length in memory.
        if run.added || run.ended && run.stored + run.lines.len() <= MAX_MERGED {
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
