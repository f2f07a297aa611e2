//! The runs of this session and of earlier ones, and which of them the screen shows.

use crate::transcript::{Spend, Transcript};
use crate::tui::state::overlay::history::RunList;
use std::time::Duration;

/// How many earlier runs are kept in memory.
const MAX_PAST: usize = 200;

/// Where the run on the screen comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunSource {
    /// The worker runs it, or ran it in this session.
    Worker,
    /// A program sent it to the gateway.
    Traffic,
    /// The user opened it from the history.
    History,
    /// A recorded run is being replayed, without a network.
    Replay,
    /// The replay has ended or was cancelled.
    EndedReplay,
}

/// The run on the screen.
#[derive(Clone, Debug)]
pub struct ShownRun {
    /// The transcript so far.
    pub transcript: Transcript,
    /// When the run began, on the screen's clock.
    pub began: Duration,
    /// Where the run comes from.
    pub source: RunSource,
}

impl ShownRun {
    /// A run without reports yet that began at `began`.
    pub fn new(source: RunSource, began: Duration) -> Self {
        Self { transcript: Transcript::default(), began, source }
    }

    /// The time since the run began; for a finished run, its whole time.
    pub fn clock(&self, now: Duration) -> Duration {
        match &self.transcript.finished {
            // A cost that is looked up arrives after the end, and so may the final event itself.
            Some(finished) => finished.took,
            None if self.may_continue() => now.saturating_sub(self.began).max(self.transcript.latest),
            None => self.transcript.latest,
        }
    }

    /// Whether more reports may arrive for it.
    pub fn may_continue(&self) -> bool {
        matches!(self.source, RunSource::Worker | RunSource::Traffic | RunSource::Replay)
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
    /// Earlier runs of this session, the oldest first.
    pub past: Vec<Transcript>,
    /// The rows that the list of earlier runs shows.
    pub list: RunList,
    /// The run of an earlier session that was opened last.
    pub opened: Option<Transcript>,
    /// Number of the recorded run that is being replayed.
    pub replaying: Option<u64>,
    /// What the earlier runs of this session cost, replays and history not counted.
    earlier: Spend,
    /// How many comparisons were started in this session.
    pub comparisons: u64,
}

impl Runs {
    /// Whether a run of this screen, or a replay, is in progress.
    pub fn busy(&self) -> bool {
        let is_own = self.shown.as_ref().is_some_and(|run| run.source != RunSource::Traffic);
        self.awaiting || (is_own && self.live())
    }

    /// Whether the shown run is in progress.
    pub fn live(&self) -> bool {
        self.shown.as_ref().is_some_and(|run| run.may_continue() && run.transcript.live())
    }

    /// Adds what runs have cost that the screen does not hold.
    pub fn add_cost(&mut self, spend: Spend) {
        self.earlier = self.earlier.plus(spend);
    }

    /// Removes the run from the screen. A run of this session is added to the earlier ones.
    pub fn close_shown(&mut self) {
        if let Some(run) = self.shown.take().filter(|run| run.source == RunSource::Worker) {
            self.earlier = self.earlier.plus(run.transcript.spend());
            self.keep_past([run.transcript]);
        }
    }

    /// Adds ended runs to the earlier ones, of which the oldest are dropped.
    pub fn keep_past(&mut self, runs: impl IntoIterator<Item = Transcript>) {
        self.past.extend(runs);
        let surplus = self.past.len().saturating_sub(MAX_PAST);
        self.past.drain(..surplus);
    }

    /// The earlier run with this id, if it is in memory.
    pub fn earlier(&self, run: u64) -> Option<&Transcript> {
        self.past.iter().chain(&self.opened).rev().find(|known| known.run == Some(run))
    }

    /// What this session has cost so far, with costs that the service reported after a run.
    pub fn session(&self) -> Spend {
        let shown = self.shown.as_ref().filter(|run| run.source == RunSource::Worker);
        shown.map_or(self.earlier, |run| self.earlier.plus(run.transcript.spend()))
    }
}
