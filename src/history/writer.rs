//! The history writer: one thread stores reports in the order of their arrival, several in one transaction, so that
//! neither a slow disk nor another program delays a run. The thread opens the database when the first run begins.

use super::ids::Lease;
use super::mailbox::{Mailbox, Stored, Work};
use super::retention::Retention;
use super::schema::HistoryError;
use super::store::Store;
use crate::lock::locked;
use crate::openrouter::Delta;
use crate::report::{Observation, Report, ReportKind};
use crate::spec::Task;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
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
/// The bytes of answers that may wait for the thread: 32 MiB. If the disk cannot keep up, later text is lost.
const MAX_WAITING: usize = 32 << 20;
/// With this many bytes waiting or being written, the writer is behind: 2 MiB.
const BEHIND: usize = 2 << 20;
/// What a report takes in memory besides its text, roughly.
const OVERHEAD: usize = 512;

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

/// What waits for the thread.
#[derive(Default)]
struct Queue {
    /// The bytes of reports, roughly.
    bytes: AtomicUsize,
    /// The bytes of answers in them, roughly.
    text: AtomicUsize,
    /// The bytes of text that did not fit, since the last time that this was reported.
    lost: AtomicUsize,
    /// What is called when there is room again.
    room: Mutex<Vec<Stored>>,
}

impl Queue {
    fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Acquire) < BEHIND
    }

    /// Removes reports that were stored.
    fn remove(&self, reports: &[Arc<Report>]) {
        self.text.fetch_sub(reports.iter().map(|report| text_bytes(report)).sum(), Ordering::AcqRel);
        self.bytes.fetch_sub(reports.iter().map(|report| bytes(report)).sum(), Ordering::AcqRel);
        if self.has_room() {
            let waiting = std::mem::take(&mut *locked(&self.room));
            for then in waiting {
                then();
            }
        }
    }
}

impl HistoryWriter {
    /// Starts the thread for the history of this data directory. The thread calls `on_error` once, with the text of the
    /// first error. Runs beyond the limits of `retention` are deleted from time to time.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn start(data: &Path, retention: Retention, on_error: impl Fn(String) + Send + 'static) -> io::Result<Self> {
        let thread = WriterThread { mailbox: Arc::default(), queue: Arc::default(), lease: Arc::default() };
        let writer = Writer {
            store: Store::new(data.join(super::DIRECTORY), retention),
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

    /// Calls `then` when less than 2 MiB wait for the thread: at once, or later on the thread. Callers that can wait for this
    /// should do so.
    pub fn when_room(&self, then: impl FnOnce() + Send + 'static) {
        let Some(thread) = &self.thread else { return then() };
        let mut waiting = locked(&thread.queue.room);
        if thread.queue.has_room() {
            drop(waiting);
            then();
        } else {
            waiting.push(Box::new(then));
        }
    }

    /// Stores one report. Returns at once; see [`when_written`](Self::when_written).
    pub fn keep(&self, report: &Arc<Report>) {
        let Some(thread) = &self.thread else { return };
        // Text is lost rather than the memory filled; the events that say what happened are few.
        let text = text_bytes(report);
        if text > 0 && thread.queue.text.load(Ordering::Relaxed) >= MAX_WAITING {
            thread.queue.lost.fetch_add(text, Ordering::Relaxed);
            return;
        }
        let bytes = bytes(report);
        thread.queue.text.fetch_add(text, Ordering::Relaxed);
        thread.queue.bytes.fetch_add(bytes, Ordering::Relaxed);
        thread.mailbox.keep(Arc::clone(report), bytes, BATCH_BYTES);
    }

    /// Calls `then` on the thread when all reports so far are stored and synced to disk; also after an error. Calls it at
    /// once if nothing is stored. Reports that nobody waits for are stored as well, but a machine that loses its power may
    /// lose the newest of them.
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
                    let is_stored = self.store(&reports, !stored.is_empty());
                    for then in stored {
                        then();
                    }
                    if is_stored {
                        let pruned = self.store.prune();
                        self.report(pruned.as_ref().err());
                    }
                }
                Work::End => {
                    self.store(&[], true);
                    return;
                }
            }
        }
    }

    /// Stores reports, synced to disk if somebody waits for that. Returns whether that worked.
    fn store(&mut self, reports: &[Arc<Report>], synced: bool) -> bool {
        for report in reports {
            self.store.keep(report);
        }
        let committed = self.store.commit(synced);
        self.queue.remove(reports);
        self.report(committed.as_ref().err());
        if self.queue.lost.swap(0, Ordering::Relaxed) > 0 {
            self.report(Some(&HistoryError::TooSlow));
        }
        committed.is_ok()
    }

    /// The next id. If the database cannot be used, it is unique within this program only.
    fn next_id(&mut self, wall: u64) -> u64 {
        // Whoever asked before may have left some.
        if let Some(id) = Lease::take(&self.lease, wall) {
            return id;
        }
        let (id, claimed) = self.store.claim(wall, &self.lease);
        self.report(claimed.as_ref().err());
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
            let path = self.store.path();
            (self.on_error)(format!(
                "{what}: {}: {error}; `--set history.keep=nothing` turns the history off",
                path.display()
            ));
        }
    }
}

/// What a report takes in memory, roughly.
fn bytes(report: &Report) -> usize {
    let ReportKind::Observation(observation) = &report.what else { return OVERHEAD };
    let text = match observation {
        Observation::Stream { delta, .. } => delta.text().len(),
        Observation::Begun(spec) => match &spec.task {
            Task::Chat(chat) => chat.body.values().map(value_bytes).sum(),
            Task::Signature(task) => task.inputs.values().map(value_bytes).sum(),
        },
        Observation::Sent(sent) => value_bytes(&sent.request.body),
        _ => 0,
    };
    OVERHEAD + text
}

/// What the next piece of an answer takes in memory, roughly; 0 for every other report.
fn text_bytes(report: &Report) -> usize {
    match &report.what {
        ReportKind::Observation(Observation::Stream { delta: Delta::Text(text) | Delta::Reasoning(text), .. }) => {
            OVERHEAD + text.len()
        }
        _ => 0,
    }
}

/// What a value takes in memory, roughly.
fn value_bytes(value: &Value) -> usize {
    /// A value with its place in a list or an object.
    const PLACE: usize = 64;
    PLACE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(value_bytes).sum(),
            Value::Object(fields) => fields.values().map(value_bytes).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pieces_of_an_answer_can_be_lost_and_a_question_counts_as_none() {
        let run = crate::history::parse(include_bytes!("../../tests/cases/runs/chat.jsonl")).runs.remove(0);
        for report in &run {
            let line = report.line();
            let is_piece = line.contains(r#""delta":"text""#) || line.contains(r#""delta":"reasoning""#);
            assert_eq!(text_bytes(report) > 0, is_piece, "{line}");
            assert!(bytes(report) >= text_bytes(report).max(OVERHEAD), "{line}");
        }
        let question = "Which river is the longest?".len();
        assert!(bytes(&run[0]) > OVERHEAD + question && bytes(&run[2]) > OVERHEAD + question, "a body counts");
    }
}
