//! One circuit breaker. Knows weights, cooldowns and its single probe permit; must not
//! know what it guards, or why a call failed.
//!
//! ```text
//! Closed ──(weight 3 in a row │ ≥ 50 % of ≥ 5 in 60 s │ an explicit hint)──▶ Open(until)
//! Open ──(the cooldown ends)──▶ HalfOpen(permit free)
//! HalfOpen ──permit──▶ Probing ──success──▶ Closed
//!                              ├─failure──▶ Open, twice as long
//!                              └─released──▶ HalfOpen(permit free)
//! ```

use super::rules::whole_micros;
use super::{BreakerState, as_ms};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// The breaker opens when the weights of the failures since the last success add up to this.
pub const TRIPS_AT: f32 = 3.0;
/// The failure rate counts the calls of this time.
const WINDOW: Duration = Duration::from_secs(60);
/// The failure rate needs this many calls.
const MIN_CALLS: usize = 5;
/// The breaker opens at this failure rate.
const MAX_FAILURE_RATE: f32 = 0.5;
/// At most this many calls are kept for the rate.
const MAX_CALLS: usize = 32;
/// The first cooldown. It doubles each time the breaker opens without a success in between.
const COOLDOWN: Duration = Duration::from_secs(5);
/// The longest cooldown without a hint from the server.
const MAX_COOLDOWN: Duration = Duration::from_secs(30);
/// The longest cooldown with a hint.
const MAX_HINTED_COOLDOWN: Duration = Duration::from_secs(24 * 3600);

/// A circuit breaker. Its times are on the engine's clock, not on a run's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Breaker {
    state: Circuit,
    weight: f32,
    times_opened: u32,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    recent: VecDeque<CallResult>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Circuit {
    #[default]
    Closed,
    /// Half-open from `until` on; never, if that is `None`.
    Open {
        #[serde(rename = "until_ms", with = "as_ms::option")]
        until: Option<Duration>,
    },
    /// A probe holds the permit. At `lease` the permit is free again, even if the probe never ends.
    Probing {
        #[serde(rename = "lease_ms", with = "as_ms")]
        lease: Duration,
    },
}

/// When a call ended, in ms, and the weight of its failure; 0 for a success. In JSON a pair.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct CallResult(#[serde(with = "as_ms")] Duration, f32);

/// How a call was admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    /// The breaker was closed.
    Free,
    /// As the probe. The end of its lease identifies the permit.
    Probe(Duration),
    /// The breaker was open, but so were all others.
    Forced,
}

/// Whether a call is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Yes.
    Free,
    /// Yes, as the probe.
    Probe,
    /// No, until then. `None`: not in this session.
    Open(Option<Duration>),
    /// No: another call is the probe. Its permit expires then.
    Probed(Duration),
}

/// How long a failure keeps the breaker open at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cooldown {
    /// Its weight decides whether the breaker opens, and the doubling cooldown for how long.
    ByWeight,
    /// It opens the breaker, for at least this time.
    For(Duration),
    /// It opens the breaker until the program ends.
    Session,
}

impl Breaker {
    /// Whether a call is admitted now.
    pub fn admission(&self, now: Duration) -> Admission {
        match self.state {
            Circuit::Closed => Admission::Free,
            Circuit::Open { until: Some(until) } if until <= now => Admission::Probe,
            Circuit::Open { until } => Admission::Open(until),
            Circuit::Probing { lease } if lease <= now => Admission::Probe,
            Circuit::Probing { lease } => Admission::Probed(lease),
        }
    }

    /// Whether a call that was admitted with this permit is still admitted.
    pub fn still_admits(&self, now: Duration, permit: Permit) -> bool {
        match (self.admission(now), permit) {
            (Admission::Free, _) | (_, Permit::Forced) | (Admission::Probe, Permit::Probe(_)) => true,
            (Admission::Probed(lease), Permit::Probe(mine)) => lease == mine,
            (Admission::Probe | Admission::Probed(_), Permit::Free) | (Admission::Open(_), _) => false,
        }
    }

    /// Its state for people and for the log; `until` is on the engine's clock.
    pub fn state(&self, now: Duration) -> BreakerState {
        match (self.state, self.admission(now)) {
            (Circuit::Closed, _) => BreakerState::Closed { weight: self.weight },
            (_, Admission::Probe) => BreakerState::HalfOpen,
            (Circuit::Open { until }, _) => BreakerState::Open { until },
            (Circuit::Probing { .. }, _) => BreakerState::Probing,
        }
    }

    /// Takes the permit until `lease`.
    pub fn probe(&mut self, lease: Duration) {
        self.state = Circuit::Probing { lease };
    }

    /// Returns the permit with this lease: the probe ended without saying whether the guarded thing works.
    pub fn release(&mut self, now: Duration, lease: Duration) {
        if self.state == (Circuit::Probing { lease }) {
            self.state = Circuit::Open { until: Some(now) };
        }
    }

    /// A call succeeded. A call that was admitted before the breaker opened does not close it.
    pub fn succeed(&mut self, now: Duration, permit: Permit) {
        if self.state == Circuit::Closed {
            self.weight = 0.0;
            self.record(now, 0.0);
        } else if permit != Permit::Free {
            *self = Self::default();
        }
    }

    /// A call failed. `draw` in `0..1` is the jitter of the cooldown. No failure shortens a cooldown. While a probe
    /// runs, only its own failure counts.
    pub fn fail(&mut self, now: Duration, weight: f32, cooldown: Cooldown, permit: Permit, draw: f64) {
        match self.state {
            Circuit::Closed => {
                let opens = self.would_open(now, weight);
                self.weight += weight;
                self.record(now, weight);
                if opens || cooldown != Cooldown::ByWeight {
                    self.open(now, cooldown, draw);
                }
            }
            Circuit::Probing { lease } if permit == Permit::Probe(lease) => self.open(now, cooldown, draw),
            Circuit::Probing { .. } if cooldown == Cooldown::Session => self.state = Circuit::Open { until: None },
            Circuit::Probing { .. } => {}
            Circuit::Open { .. } if permit == Permit::Forced => self.open(now, cooldown, draw),
            Circuit::Open { until } => self.state = Circuit::Open { until: later(until, earliest_end(now, cooldown)) },
        }
    }

    /// Whether a failure of this weight would open the breaker, or it is open already.
    pub fn would_open(&self, now: Duration, weight: f32) -> bool {
        if self.state != Circuit::Closed {
            return true;
        }
        let recent = self.recent.iter().filter(|call| call.counts(now));
        let (count, failed) = recent.fold((1, weight.min(1.0)), |(n, w), call| (n + 1, w + call.1.min(1.0)));
        weight > 0.0
            && (self.weight + weight >= TRIPS_AT || count >= MIN_CALLS && failed >= MAX_FAILURE_RATE * count as f32)
    }

    /// The breaker without the calls that no longer count; from now on it decides the same. `None`: like a new one.
    pub fn at(&self, now: Duration) -> Option<Self> {
        let recent = self.recent.iter().copied().filter(|call| call.counts(now)).collect();
        let breaker = Self { recent, ..*self };
        (breaker != Self::default()).then_some(breaker)
    }

    fn open(&mut self, now: Duration, cooldown: Cooldown, draw: f64) {
        let doubled = COOLDOWN.saturating_mul(2_u32.saturating_pow(self.times_opened)).min(MAX_COOLDOWN);
        let jittered = whole_micros(doubled.mul_f64(0.5 + draw.clamp(0.0, 1.0) / 2.0));
        self.times_opened = self.times_opened.saturating_add(1);
        let until = later(earliest_end(now, cooldown), Some(now + jittered));
        self.state = match self.state {
            Circuit::Open { until: known } => Circuit::Open { until: later(known, until) },
            Circuit::Closed | Circuit::Probing { .. } => Circuit::Open { until },
        };
    }

    fn record(&mut self, now: Duration, weight: f32) {
        if self.recent.len() == MAX_CALLS {
            self.recent.pop_front();
        }
        self.recent.push_back(CallResult(now, weight));
    }
}

impl CallResult {
    fn counts(self, now: Duration) -> bool {
        self.0 + WINDOW > now
    }
}

/// The earliest end of an opening with this cooldown; `None` is never.
fn earliest_end(now: Duration, cooldown: Cooldown) -> Option<Duration> {
    match cooldown {
        Cooldown::ByWeight => Some(now),
        Cooldown::For(hint) => Some(now + hint.min(MAX_HINTED_COOLDOWN)),
        Cooldown::Session => None,
    }
}

/// The later of two times, where `None` is never.
fn later(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    a.zip(b).map(|(a, b)| a.max(b))
}
