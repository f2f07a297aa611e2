//! What waits for the history's thread. A report waits there for others of its transaction, and wakes nobody: the thread
//! sleeps until a batch is complete. Whoever needs it now wakes it.

use crate::lock::locked;
use crate::report::Report;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is called when everything before it is stored.
pub(super) type Stored = Box<dyn FnOnce() + Send>;
/// What is called with the id of a new run.
pub(super) type Numbered = Box<dyn FnOnce(u64) + Send>;

/// What the thread is to do next.
pub(super) enum Work {
    /// Give new runs their ids. The number is the wall time in ms since 1970.
    Number(Vec<(u64, Numbered)>),
    /// Store these reports, then make these calls.
    Store(Vec<Arc<Report>>, Vec<Stored>),
    /// End: everything is done, and nothing follows.
    End,
}

/// The mailbox.
#[derive(Default)]
pub(super) struct Mailbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    reports: Vec<Arc<Report>>,
    /// The bytes of the reports, roughly.
    bytes: usize,
    numbers: Vec<(u64, Numbered)>,
    stored: Vec<Stored>,
    closed: bool,
    /// The thread waits for a first report.
    idle: bool,
}

impl Mailbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.waiting)
    }

    /// Adds a report of this many bytes. The thread is woken for the first one of a batch, and for the one that makes it
    /// `full`.
    pub(super) fn keep(&self, report: Arc<Report>, bytes: usize, full: usize) {
        let mut waiting = self.waiting();
        let was_full = waiting.bytes >= full;
        waiting.reports.push(report);
        waiting.bytes += bytes;
        let wakes = std::mem::take(&mut waiting.idle) || (!was_full && waiting.bytes >= full);
        drop(waiting);
        if wakes {
            self.changed.notify_one();
        }
    }

    /// Asks for the id of a new run.
    pub(super) fn number(&self, wall: u64, then: Numbered) {
        self.waiting().numbers.push((wall, then));
        self.changed.notify_one();
    }

    /// Asks for a call when everything so far is stored.
    pub(super) fn when_stored(&self, then: Stored) {
        self.waiting().stored.push(then);
        self.changed.notify_one();
    }

    /// Nothing follows.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.changed.notify_one();
    }

    /// Waits for work: at most for `patience` if there is nothing to store, and at most for `batch` after the first report,
    /// or until there are `full` bytes. `since` is when the current batch began, and outlives calls for numbers.
    #[expect(clippy::disallowed_methods, reason = "a batch has a longest time")]
    pub(super) fn next(&self, since: &mut Option<Instant>, patience: Duration, batch: Duration, full: usize) -> Work {
        let mut waiting = self.waiting();
        let asked = Instant::now();
        loop {
            if !waiting.numbers.is_empty() {
                return Work::Number(std::mem::take(&mut waiting.numbers));
            }
            let now = Instant::now();
            let is_idle = waiting.reports.is_empty();
            let ends = if is_idle { asked + patience } else { *since.get_or_insert(now) + batch };
            if waiting.closed && waiting.reports.is_empty() && waiting.stored.is_empty() {
                return Work::End;
            }
            if waiting.closed || !waiting.stored.is_empty() || waiting.bytes >= full || ends <= now {
                *since = None;
                waiting.bytes = 0;
                return Work::Store(std::mem::take(&mut waiting.reports), std::mem::take(&mut waiting.stored));
            }
            waiting.idle = is_idle;
            waiting = self.changed.wait_timeout(waiting, ends - now).unwrap_or_else(PoisonError::into_inner).0;
            waiting.idle = false;
        }
    }
}
