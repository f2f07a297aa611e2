//! The timers of a run: first-token and idle timeouts, an attempt's share of the deadline,
//! hedges, waits, and the deadline.

use super::{Engine, LiveAttempt, PlannedStart, TokenPhase};
use crate::failover::breaker::{Admission, Permit};
use crate::failover::{Cost, Failure, FailureKind, Health, Outcome, Timeouts, parameter, rules, seconds};
use std::time::Duration;

/// A hedge starts after this time without a token, as long as the model's P95 is not known.
pub(super) const SOFT_FIRST_TOKEN: Duration = Duration::from_secs(5);
/// A probe's first token must come within this time.
const PROBE_FIRST_TOKEN: Duration = Duration::from_secs(5);
/// A timer that is handled this late was not due: the process was suspended.
const SUSPENDED: Duration = Duration::from_millis(250);
/// The setting of the run's deadline.
pub(super) const DEADLINE: &str = "failover.deadline";
/// Each route after the current one keeps this much of the deadline.
const RESERVE: Duration = Duration::from_secs(5);

impl LiveAttempt {
    /// When it times out if nothing more arrives, and which timeout that is.
    pub(super) fn next_timeout(&self) -> (Duration, FailureKind) {
        let (at, kind) = match (self.first_token_at, self.phase) {
            (None, _) => (self.silent_since.saturating_add(self.timeouts.first_token), FailureKind::FirstTokenTimeout),
            (_, TokenPhase::Reasoning) => {
                (self.silent_since.saturating_add(self.timeouts.idle_reasoning), FailureKind::Idle)
            }
            (_, TokenPhase::Answer) => (self.silent_since.saturating_add(self.timeouts.idle), FailureKind::Idle),
        };
        if self.share_ends <= at { (self.share_ends, FailureKind::TimeShare) } else { (at, kind) }
    }

    /// The failure at a timeout. Its reason names the setting.
    fn timeout(&self, kind: FailureKind) -> Failure {
        let reasoning = self.phase == TokenPhase::Reasoning;
        let (what, limit, setting) = match kind {
            FailureKind::FirstTokenTimeout if self.opened => {
                ("response headers, but no content within", self.timeouts.first_token, self.first_token_limit)
            }
            FailureKind::FirstTokenTimeout => ("no response within", self.timeouts.first_token, self.first_token_limit),
            FailureKind::Idle if reasoning => {
                ("no further reasoning for", self.timeouts.idle_reasoning, "failover.idle_reasoning")
            }
            FailureKind::Idle => ("no further content for", self.timeouts.idle, "failover.idle"),
            _ => {
                let share = seconds(self.share_ends.saturating_sub(self.started));
                return Failure::new(kind, format!("its share of the deadline, {share}, is used up ({DEADLINE})"));
            }
        };
        Failure::new(kind, format!("{what} {} ({setting})", seconds(limit)))
    }
}

impl Engine {
    /// Handles every timer that is due.
    pub(super) fn run_timers(&mut self, health: &mut Health) {
        while !self.finished {
            let began = self.began.unwrap_or_default();
            if self.now >= self.deadline(began) {
                let reason = format!("the deadline of {} passed ({DEADLINE})", seconds(self.policy.limits.deadline));
                self.abort(|_| true, FailureKind::Deadline, &reason, health);
                self.finish(Outcome::DeadlineExceeded, None);
            } else if let Some(live) = self.live.iter().find(|live| live.next_timeout().0 <= self.now) {
                let (id, failure) = (live.id, live.timeout(live.next_timeout().1));
                self.on_failed(id, failure, Cost::Unknown, health);
            } else if let Some(i) = self.live.iter().position(|live| live.hedges_at.is_some_and(|at| at <= self.now)) {
                self.live[i].hedges_at = None;
                let id = self.live[i].id;
                if let Some(start) = self.plan_hedge(id, health) {
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

    /// If the timer that was `due` is handled much too late, this process was suspended, or the machine was. What
    /// arrived meanwhile could not be read, so the time limits of the live attempts start again. The run's deadline is not moved.
    pub(super) fn discount_suspension(&mut self, due: Option<Duration>) {
        let now = self.now;
        if due.is_some_and(|due| now.saturating_sub(due) >= SUSPENDED) {
            self.restart_limits();
        }
    }

    pub(super) fn restart_limits(&mut self) {
        let now = self.now;
        let shares: Vec<Duration> = self.live.iter().map(|live| self.time_share(live.route)).collect();
        for (live, share) in self.live.iter_mut().zip(shares) {
            live.silent_since = now;
            live.share_ends = live.share_ends.max(now.saturating_add(share));
        }
    }

    /// How long an attempt on this route may take: the time left, less five seconds for each
    /// route after it, but at least an equal part of the time left.
    pub(super) fn time_share(&self, route: usize) -> Duration {
        let others = self.others_left(route);
        let left = self.time_left();
        left.saturating_sub(RESERVE.saturating_mul(others)).max(rules::whole_micros(left / (others + 1)))
    }

    /// The number of other routes that the run may still try.
    fn others_left(&self, route: usize) -> u32 {
        let budget = self.policy.limits.per_run.saturating_sub(self.attempts + 1);
        (self.others(route).count() as u32).min(budget)
    }

    fn others(&self, route: usize) -> impl Iterator<Item = usize> {
        (0..self.chain.len()).filter(move |&other| !self.are_same(route, other) && self.is_available(other))
    }

    /// Whether no other route would be admitted after this one had taken so long.
    fn is_last(&self, route: usize, took: Duration, health: &Health) -> bool {
        let then = self.now.saturating_add(took);
        let admitted = |other: usize| {
            let admission = health.admission(then, &self.chain[other]).0;
            matches!(admission, Admission::Free | Admission::Probe)
        };
        self.others_left(route) == 0 || !self.others(route).any(admitted)
    }

    /// The timeouts of an attempt that may take `share`, and what limits the time to its first token. The last route
    /// left may use its whole share: nothing is gained by giving up a slow model, such as a local one that loads.
    pub(super) fn timeouts(&self, start: &PlannedStart, share: Duration, health: &Health) -> (Timeouts, &'static str) {
        let policy = self.policy.timeouts;
        let whole = start.changes.without.iter().any(|name| name == parameter::STREAM);
        let (first_token, limit) = if matches!(start.permit, Permit::Probe(_)) {
            (policy.first_token.min(PROBE_FIRST_TOKEN), "the limit of a probe")
        } else if self.chain[start.route].reasoning || whole {
            (self.policy.first_token_reasoning, "failover.first_token_reasoning")
        } else {
            (policy.first_token, "failover.first_token")
        };
        // A model that is barred and still asked, because all others have failed, gets no more than its usual time.
        let again = matches!(start.permit, Permit::Forced) && self.attempts > 0;
        let is_last = !again && self.is_last(start.route, first_token, health);
        let (first_token, limit) = if is_last { (share, DEADLINE) } else { (first_token, limit) };
        let timeouts = Timeouts {
            connect: policy.connect.min(share),
            first_token: first_token.min(share),
            idle: policy.idle.min(share),
            idle_reasoning: policy.idle_reasoning.min(share),
        };
        (timeouts, limit)
    }

    /// Starts a planned attempt. If one of its breakers has opened meanwhile, by this run or another, the next route
    /// starts instead.
    pub(super) fn start_if_still_admitted(&mut self, start: PlannedStart, health: &mut Health) {
        if health.still_admits(self.now, &self.chain[start.route], start.permit) {
            self.start(start, health);
            return;
        }
        if let Permit::Probe(lease) = start.permit {
            let transitions = health.release(self.now, &self.chain[start.route], lease);
            self.emit_transitions(transitions);
        }
        self.start_next(start.after, health);
    }
}
