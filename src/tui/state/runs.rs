//! Runs of this session and earlier ones, and which of them the screen shows.

use crate::failover::Cost;
use crate::transcript::Transcript;
use std::time::Duration;

/// Finished runs that are kept in memory.
const KEPT: usize = 200;

/// Where the run on the screen comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunSource {
    /// The worker runs it, or ran it in this session.
    Worker,
    /// It was opened from the history.
    History,
    /// A kept run is being replayed: no network is asked.
    Replay,
    /// A replay that has ended or was cancelled.
    EndedReplay,
}

/// The run on the screen.
#[derive(Clone, Debug)]
pub struct ShownRun {
    /// Its transcript.
    pub transcript: Transcript,
    /// When it began, on the screen's clock.
    pub began: Duration,
    /// Where it comes from.
    pub source: RunSource,
}

impl ShownRun {
    /// A run that begins now.
    pub fn new(source: RunSource, began: Duration) -> Self {
        Self { transcript: Transcript::default(), began, source }
    }

    /// The run's own time now.
    pub fn clock(&self, now: Duration) -> Duration {
        match &self.transcript.finished {
            None if self.may_continue() => now.saturating_sub(self.began).max(self.transcript.latest),
            _ => self.transcript.latest,
        }
    }

    /// Whether more reports may come for it.
    pub fn may_continue(&self) -> bool {
        matches!(self.source, RunSource::Worker | RunSource::Replay)
    }

    /// Whether it is a replay, ended or not.
    pub fn is_replay(&self) -> bool {
        matches!(self.source, RunSource::Replay | RunSource::EndedReplay)
    }
}

/// All runs that the screen knows.
#[derive(Clone, Debug, Default)]
pub struct Runs {
    /// The run on the screen.
    pub shown: Option<ShownRun>,
    /// Whether a run was sent and has not reported yet.
    pub awaiting: bool,
    /// Earlier runs, the oldest first.
    pub past: Vec<Transcript>,
    /// The kept run that is being replayed.
    pub replaying: Option<u64>,
    /// What the runs of this session have cost; `None` before the first has ended.
    pub cost: Option<Cost>,
    /// Comparisons so far.
    pub comparisons: u64,
}

impl Runs {
    /// Whether a run or a replay is going on.
    pub fn busy(&self) -> bool {
        self.awaiting || self.shown.as_ref().is_some_and(|run| run.may_continue() && run.transcript.live())
    }

    /// Takes the run off the screen; one of this session joins the earlier ones.
    pub fn put_away(&mut self) {
        if let Some(run) = self.shown.take().filter(|run| run.source == RunSource::Worker) {
            self.past.push(run.transcript);
            let surplus = self.past.len().saturating_sub(KEPT);
            self.past.drain(..surplus);
        }
    }
}
