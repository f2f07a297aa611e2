//! What happens by itself: first-token and idle timeouts, a route's share of the
//! deadline, hedges, waits, and the deadline.

use super::{Engine, LiveAttempt, PlannedStart, TokenPhase};
use crate::failover::breaker::Permit;
use crate::failover::{Cost, Failure, FailureKind, Health, Outcome, Route, Timeouts, rules};
use std::time::Duration;

/// A hedge starts after this time without a token, while the model's own P95 is not known.
pub(super) const SOFT_FIRST_TOKEN: Duration = Duration::from_secs(5);
/// A probe's first token must come within this time.
const PROBE_FIRST_TOKEN: Duration = Duration::from_secs(5);
/// What each route still to come is left of the deadline.
const RESERVE: Duration = Duration::from_secs(5);

impl LiveAttempt {
    /// When it ends if nothing more arrives, and of what.
    pub(super) fn due(&self) -> (Duration, FailureKind) {
        let (at, kind) = match (self.first, self.phase) {
            (None, _) => (self.started.saturating_add(self.timeouts.first_token), FailureKind::FirstTokenTimeout),
            (_, TokenPhase::Reasoning) => (self.last.saturating_add(self.timeouts.idle_reasoning), FailureKind::Idle),
            (_, TokenPhase::Answer) => (self.last.saturating_add(self.timeouts.idle), FailureKind::Idle),
        };
        if self.share_ends <= at { (self.share_ends, FailureKind::TimeShare) } else { (at, kind) }
    }

    fn expiry(&self, kind: FailureKind) -> Failure {
        let limit = |d| rules::seconds(d);
        let reason = match kind {
            FailureKind::FirstTokenTimeout if self.opened => {
                format!("headers, but no content within {}", limit(self.timeouts.first_token))
            }
            FailureKind::FirstTokenTimeout => format!("no answer within {}", limit(self.timeouts.first_token)),
            FailureKind::Idle if self.phase == TokenPhase::Reasoning => {
                format!("fell silent for {} while reasoning", limit(self.timeouts.idle_reasoning))
            }
            FailureKind::Idle => format!("fell silent for {}", limit(self.timeouts.idle)),
            _ => format!("its {} of the deadline are over", limit(self.share_ends.saturating_sub(self.started))),
        };
        Failure::new(kind, reason)
    }
}

impl Engine {
    /// Does everything whose time has come.
    pub(super) fn expire(&mut self, health: &mut Health) {
        while !self.over {
            let began = self.began.unwrap_or_default();
            if self.now >= self.deadline(began) {
                self.abort(|_| true, FailureKind::Deadline, "the run is out of time", health);
                self.finish(Outcome::DeadlineExceeded, None);
            } else if let Some(live) = self.live.iter().find(|live| live.due().0 <= self.now) {
                let (id, failure) = (live.id, live.expiry(live.due().1));
                self.failed(id, failure, Cost::Unknown, health);
            } else if let Some(i) = self.live.iter().position(|live| live.hedges_at.is_some_and(|at| at <= self.now)) {
                self.live[i].hedges_at = None;
                let id = self.live[i].id;
                if let Some(start) = self.hedge(id, health) {
                    self.start(start, health);
                }
            } else if self.pending.as_ref().is_some_and(|start| start.at <= self.now) {
                if let Some(start) = self.pending.take() {
                    self.start_if_still_admitted(start, health);
                }
            } else {
                break;
            }
        }
    }

    /// How long an attempt on this route may take: what is left, less five seconds for
    /// every route still to come; an equal part where that would be less.
    pub(super) fn share(&self, route: usize) -> Duration {
        let budget = self.policy.limits.per_run.saturating_sub(self.attempts + 1);
        let others = (0..self.chain.len()).filter(|&other| other != route && self.is_to_come(other)).count();
        let others = (others as u32).min(budget);
        let left = self.left();
        left.saturating_sub(RESERVE.saturating_mul(others)).max(rules::whole_micros(left / (others + 1)))
    }

    /// The timeouts of an attempt that has `share` of the deadline.
    pub(super) fn timeouts(&self, route: &Route, permit: Permit, share: Duration) -> Timeouts {
        let policy = self.policy.timeouts;
        let first_token = if route.reasoning { self.policy.first_token_reasoning } else { policy.first_token };
        let first_token =
            if matches!(permit, Permit::Probe(_)) { first_token.min(PROBE_FIRST_TOKEN) } else { first_token };
        Timeouts {
            connect: policy.connect.min(share),
            first_token: first_token.min(share),
            idle: policy.idle.min(share),
            idle_reasoning: policy.idle_reasoning.min(share),
        }
    }

    /// Asks the same route again, unless another run has opened one of its breakers meanwhile.
    pub(super) fn start_if_still_admitted(&mut self, start: PlannedStart, health: &mut Health) {
        if health.still_admits(self.now, &self.chain[start.route], start.permit) {
            self.start(start, health);
            return;
        }
        if let Permit::Probe(lease) = start.permit {
            let transitions = health.release(self.now, &self.chain[start.route], lease);
            self.breakers(transitions);
        }
        self.go_on(start.after, health);
    }
}
