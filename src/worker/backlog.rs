//! The messages of a run that its reader has not taken yet. A run whose reader is far behind reads no more from its models,
//! so that neither a stalled reader nor a flood of small pieces fills the memory.

use super::options::{RunMessage, Tap};
use crate::report::{Observation, ReportKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

/// What a message takes besides its text, in bytes.
const OVERHEAD: usize = 256;

/// The bytes of a run's messages that its reader has not taken.
#[derive(Debug)]
pub(super) struct Backlog {
    bytes: AtomicUsize,
    most: usize,
    room: Notify,
}

impl Backlog {
    /// A backlog that is full from `most` bytes on.
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), most, room: Notify::new() }
    }

    /// Adds a message that is sent.
    pub(super) fn add(&self, message: &RunMessage) {
        self.bytes.fetch_add(bytes(message), Ordering::AcqRel);
    }

    /// Removes a message that was taken, or that nobody will take.
    pub(super) fn remove(&self, message: &RunMessage) {
        self.bytes.fetch_sub(bytes(message), Ordering::AcqRel);
        if !self.is_full() {
            self.room.notify_waiters();
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Acquire) >= self.most
    }

    /// Waits until it is not full.
    pub(super) async fn has_room(&self) {
        while self.is_full() {
            let mut room = std::pin::pin!(self.room.notified());
            // From here on no notification is missed.
            room.as_mut().enable();
            if self.is_full() {
                room.await;
            }
        }
    }
}

/// Where a run's messages go.
#[derive(Clone)]
pub(super) struct Outbox {
    pub(super) messages: UnboundedSender<RunMessage>,
    pub(super) backlog: Arc<Backlog>,
    pub(super) tap: Option<Tap>,
}

impl Outbox {
    /// Passes a message to whoever listens; nobody has to.
    pub(super) fn send(&self, message: RunMessage) {
        if let Some(tap) = &self.tap {
            tap(&message);
        }
        self.backlog.add(&message);
        if let Err(unread) = self.messages.send(message) {
            self.backlog.remove(&unread.0);
        }
    }
}

/// What a message takes in memory, roughly.
fn bytes(message: &RunMessage) -> usize {
    let text = match message {
        RunMessage::Chunk(_, chunk) => chunk.len(),
        RunMessage::Report(report) => match &report.what {
            ReportKind::Observation(Observation::Stream { delta, .. }) => delta.text().len(),
            _ => 0,
        },
        RunMessage::Response(..) => 0,
    };
    text + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failover::AttemptId;
    use futures_util::FutureExt as _;

    #[test]
    fn it_is_full_until_enough_is_taken() {
        let backlog = Backlog::new(1000);
        let chunk = |length| RunMessage::Chunk(AttemptId::new(1), "x".repeat(length));
        backlog.add(&chunk(400));
        assert!(backlog.has_room().now_or_never().is_some());
        backlog.add(&chunk(88));
        let mut waits = Box::pin(backlog.has_room());
        assert!((&mut waits).now_or_never().is_none());
        backlog.remove(&chunk(88));
        assert!((&mut waits).now_or_never().is_some());
    }
}
