//! One circuit breaker. Knows weights, cooldowns and its one probe permit; must not
//! know what it guards, nor why anything failed.
//!
//! ```text
//! Closed ──(weight 3 in a row │ ≥ 50 % of ≥ 5 in 60 s │ an explicit hint)──▶ Open(until)
//! Open ──(until has passed)──▶ HalfOpen(permit free)
//! HalfOpen ──permit──▶ Probing ──success──▶ Closed
//!                              ├─failure──▶ Open, twice as long
//!                              └─released──▶ HalfOpen(permit free)
//! ```

use super::rules::whole_micros;
use super::{BreakerState, as_ms};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Weight in a row at which a breaker opens.
pub const TRIPS_AT: f32 = 3.0;
/// How far back the failure rate looks.
const WINDOW: Duration = Duration::from_secs(60);
/// Outcomes in the window below which a rate says nothing.
const ENOUGH: usize = 5;
/// The failure rate that opens it.
const RATE: f32 = 0.5;
/// Outcomes kept for the rate.
const KEPT: usize = 32;
/// First cooldown; it doubles with every opening in a row.
const COOLDOWN: Duration = Duration::from_secs(5);
/// Longest cooldown without a hint.
const LONGEST: Duration = Duration::from_secs(30);
/// Longest cooldown with one.
const LONGEST_HINTED: Duration = Duration::from_secs(24 * 3600);

/// A circuit breaker; times are on the engine's clock, not a run's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    state: Circuit,
    weight: f32,
    openings: u32,
    recent: VecDeque<CallResult>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Circuit {
    #[default]
    Closed,
    /// Half-open once `until` has passed; `None` is never.
    Open {
        #[serde(rename = "until_ms", with = "as_ms::option")]
        until: Option<Duration>,
    },
    /// The permit comes back by itself at `lease`, should its holder vanish.
    Probing {
        #[serde(rename = "lease_ms", with = "as_ms")]
        lease: Duration,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct CallResult {
    #[serde(rename = "at_ms", with = "as_ms")]
    at: Duration,
    weight: f32,
}

/// With what right a call got past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// It was closed.
    Free,
    /// With the permit, which is known by its lease.
    Probe(Duration),
    /// It was open, but so was everything else.
    Forced,
}

/// Whether a call may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Free,
    /// It may, as the one probe.
    Probe,
    /// It may not, until then (`None`: not in this session).
    Open(Option<Duration>),
    /// Another call is the probe; its permit lapses then.
    Probed(Duration),
}

/// What a failure says about the time to stay away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooldown {
    /// Nothing: its weight decides.
    ByWeight,
    /// At least so long.
    For(Duration),
    /// As long as the program runs.
    Session,
}

impl Breaker {
    /// Whether a call may pass now.
    pub fn admission(&self, now: Duration) -> Admission {
        match self.state {
            Circuit::Closed => Admission::Free,
            Circuit::Open { until: Some(until) } if until <= now => Admission::Probe,
            Circuit::Open { until } => Admission::Open(until),
            Circuit::Probing { lease } if lease <= now => Admission::Probe,
            Circuit::Probing { lease } => Admission::Probed(lease),
        }
    }

    /// Whether a call that had this right still has it.
    pub fn still_admits(&self, now: Duration, permit: Permit) -> bool {
        match (self.admission(now), permit) {
            (Admission::Free, _) | (_, Permit::Forced) | (Admission::Probe, Permit::Probe(_)) => true,
            (Admission::Probed(lease), Permit::Probe(mine)) => lease == mine,
            (Admission::Probe | Admission::Probed(_), Permit::Free) | (Admission::Open(_), _) => false,
        }
    }

    /// How it is shown; `until` stays on the engine's clock.
    pub fn state(&self, now: Duration) -> BreakerState {
        match (self.state, self.admission(now)) {
            (Circuit::Closed, _) => BreakerState::Closed { weight: self.weight },
            (_, Admission::Probe) => BreakerState::HalfOpen,
            (Circuit::Open { until }, _) => BreakerState::Open { until },
            (Circuit::Probing { .. }, _) => BreakerState::Probing,
        }
    }

    /// Takes the one permit; it lapses at `lease`.
    pub fn probe(&mut self, lease: Duration) {
        self.state = Circuit::Probing { lease };
    }

    /// Gives this permit back: the probe's outcome said nothing about what is guarded here.
    pub fn release(&mut self, now: Duration, lease: Duration) {
        if self.state == (Circuit::Probing { lease }) {
            self.state = Circuit::Open { until: Some(now) };
        }
    }

    /// A call succeeded. What passed freely, before the opening, closes nothing.
    pub fn succeed(&mut self, now: Duration, permit: Permit) {
        if self.state == Circuit::Closed {
            self.weight = 0.0;
            self.remember(now, 0.0);
        } else if permit != Permit::Free {
            *self = Self::default();
        }
    }

    /// A call failed. `draw` in `0..1` is the jitter of the cooldown. No failure brings the end of an opening nearer,
    /// and what is being probed waits for its probe.
    pub fn fail(&mut self, now: Duration, weight: f32, cooldown: Cooldown, permit: Permit, draw: f64) {
        match self.state {
            Circuit::Closed => {
                let opens = self.would_open(now, weight);
                self.weight += weight;
                self.remember(now, weight);
                if opens || cooldown != Cooldown::ByWeight {
                    self.open(now, cooldown, draw);
                }
            }
            Circuit::Probing { lease } if permit == Permit::Probe(lease) => self.open(now, cooldown, draw),
            Circuit::Probing { .. } if cooldown == Cooldown::Session => self.state = Circuit::Open { until: None },
            Circuit::Probing { .. } => {}
            Circuit::Open { .. } if permit == Permit::Forced => self.open(now, cooldown, draw),
            Circuit::Open { until } => self.state = Circuit::Open { until: later(until, held(now, cooldown)) },
        }
    }

    /// Whether a failure of this weight would open it (or it is not closed to begin with).
    pub fn would_open(&self, now: Duration, weight: f32) -> bool {
        if self.state != Circuit::Closed {
            return true;
        }
        let recent = self.recent.iter().filter(|o| o.at + WINDOW > now);
        let (count, failed) = recent.fold((1, weight.min(1.0)), |(n, w), o| (n + 1, w + o.weight.min(1.0)));
        weight > 0.0 && (self.weight + weight >= TRIPS_AT || count >= ENOUGH && failed >= RATE * count as f32)
    }

    fn open(&mut self, now: Duration, cooldown: Cooldown, draw: f64) {
        let doubled = COOLDOWN.saturating_mul(2_u32.saturating_pow(self.openings)).min(LONGEST);
        let jittered = whole_micros(doubled.mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0));
        self.openings = self.openings.saturating_add(1);
        let until = later(held(now, cooldown), Some(now + jittered));
        self.state = match self.state {
            Circuit::Open { until: known } => Circuit::Open { until: later(known, until) },
            Circuit::Closed | Circuit::Probing { .. } => Circuit::Open { until },
        };
    }

    fn remember(&mut self, now: Duration, weight: f32) {
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(CallResult { at: now, weight });
    }
}

/// Until when a hint holds; `None` is for ever.
fn held(now: Duration, cooldown: Cooldown) -> Option<Duration> {
    match cooldown {
        Cooldown::ByWeight => Some(now),
        Cooldown::For(hint) => Some(now + hint.min(LONGEST_HINTED)),
        Cooldown::Session => None,
    }
}

/// The later of two ends, where `None` is never.
fn later(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.zip(b).map(|(a, b)| a.max(b))
}
