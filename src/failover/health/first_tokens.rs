//! Times to first token, for the health board and for the moment at which a hedge starts.

use crate::failover::as_ms;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// The recent times to first token of one model, the latest last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FirstTokenTimes(VecDeque<Sample>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Sample(#[serde(with = "as_ms")] Duration);

impl FirstTokenTimes {
    /// How many are kept.
    pub const KEPT: usize = 20;

    /// Adds a time; the oldest goes when there are [`KEPT`](Self::KEPT).
    pub fn record(&mut self, took: Duration) {
        if self.0.len() == Self::KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Sample(took));
    }

    /// Adds later times.
    pub fn extend(&mut self, later: &Self) {
        later.0.iter().for_each(|sample| self.record(sample.0));
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time that `percent` of the samples do not exceed, by nearest rank. `None` without samples.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut sorted: Vec<Sample> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted.get(rank.max(1) - 1).map(|sample| sample.0)
    }
}
