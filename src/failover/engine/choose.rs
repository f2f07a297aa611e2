//! Which route is next: the first one that is not given up, not excluded and admitted by its
//! breakers. If breakers admit none of the rest, the one whose circuit would close first.

use super::{Engine, PlannedStart};
use crate::failover::breaker::{Admission, Permit};
use crate::failover::{AttemptId, Changes, Event, Failover, Health, Outcome, Relation, Skip, Skipped, policy};
use std::time::Duration;

/// Which of the routes left cannot help in this run, as its failures show.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusions {
    /// Origins where every model would fail.
    pub(super) origins: Vec<String>,
    /// Rate-limited classes, each with its origin.
    pub(super) classes: Vec<(&'static str, String)>,
    /// The largest context that was too small.
    pub(super) context: Option<u64>,
    /// The largest output limit that was too low.
    pub(super) output: Option<u32>,
    /// The `max_tokens` to request instead.
    pub(super) max_tokens: Option<u32>,
    /// The lowest price that was too high.
    pub(super) price: Option<f64>,
    /// Origins where no credit is left.
    pub(super) without_credit: Vec<String>,
}

impl Engine {
    /// Starts the next route, or ends the run if there is none.
    pub(super) fn start_next(&mut self, after: Option<AttemptId>, health: &mut Health) {
        match self.choose(after, health) {
            Ok(start) => self.start(start, health),
            Err(outcome) => self.finish(outcome, None),
        }
    }

    /// The next route, from the top of the chain. An error is the run's end.
    pub(super) fn choose(&mut self, after: Option<AttemptId>, health: &Health) -> Result<PlannedStart, Outcome> {
        if self.chain.is_empty() {
            return Err(Outcome::LocalError);
        }
        let mut first_to_close: Option<(Duration, usize)> = None;
        let mut skipped = Vec::new();
        let mut chosen = None;
        for route in (0..self.chain.len()).filter(|&route| !self.route_states[route].given_up) {
            if let Some(skip) = self.excluded(route) {
                skipped.push((route, skip));
                continue;
            }
            let (admission, skip) = health.admission(self.now, &self.chain[route]);
            let closes = match admission {
                Admission::Free => {
                    chosen = Some((route, Permit::Free));
                    break;
                }
                Admission::Probe => {
                    chosen = Some((route, self.probe_permit()));
                    break;
                }
                Admission::Open(until) => until.unwrap_or(Duration::MAX),
                Admission::Probed(lease) => lease,
            };
            skipped.extend(skip.map(|skip| (route, skip)));
            if first_to_close.is_none_or(|(best, _)| closes < best) {
                first_to_close = Some((closes, route));
            }
        }
        let chosen = chosen.or(first_to_close.map(|(_, route)| (route, Permit::Forced)));
        for (route, skip) in skipped {
            if chosen.is_none_or(|(chosen, _)| chosen != route) {
                self.emit_skip(route, Some(skip), health);
            }
        }
        let (route, permit) = chosen.ok_or(Outcome::Exhausted)?;
        if self.attempts + self.inner_attempts >= self.policy.limits.per_run {
            return Err(Outcome::BudgetExceeded);
        }
        let relation = match permit {
            Permit::Probe(_) => Relation::Probe,
            Permit::Forced => Relation::Forced,
            Permit::Free if self.attempts == 0 => Relation::First,
            Permit::Free => Relation::Fallback,
        };
        Ok(PlannedStart { at: self.now, route, relation, permit, after, changes: self.changes_for(route) })
    }

    /// A probe's permit; it expires at the run's deadline.
    fn probe_permit(&self) -> Permit {
        Permit::Probe(self.deadline(self.began.unwrap_or_default()))
    }

    /// The route that starts beside a slow attempt: the next one that its breakers admit. A hedge is never forced.
    pub(super) fn plan_hedge(&mut self, beside: AttemptId, health: &Health) -> Option<PlannedStart> {
        if self.attempts + self.inner_attempts >= self.policy.limits.per_run {
            return None;
        }
        for route in 0..self.chain.len() {
            if self.route_states[route].given_up || self.live.iter().any(|live| self.are_same(live.route, route)) {
                continue;
            }
            let (admission, open) = health.admission(self.now, &self.chain[route]);
            let skip = self.excluded(route).or(open);
            if skip.is_some() {
                self.emit_skip(route, skip, health);
                continue;
            }
            let permit = if admission == Admission::Probe { self.probe_permit() } else { Permit::Free };
            let changes = self.changes_for(route);
            let relation = Relation::Hedge;
            return Some(PlannedStart { at: self.now, route, relation, permit, after: Some(beside), changes });
        }
        None
    }

    /// Whether the route may still be chosen in this run; breakers are not considered.
    pub(super) fn is_available(&self, route: usize) -> bool {
        !self.route_states[route].given_up && self.excluded(route).is_none()
    }

    /// Why this run cannot use a route; breakers are not considered.
    fn excluded(&self, index: usize) -> Option<Skip> {
        let (route, exclusions) = (&self.chain[index], &self.exclusions);
        let too_small =
            |size: Option<u64>, exceeded: Option<u64>| size.zip(exceeded).is_some_and(|(size, max)| size <= max);
        if index > 0 && self.policy.failover == Failover::Strict {
            Some(Skip::Strict)
        } else if exclusions.origins.contains(&route.origin) {
            Some(Skip::SameOrigin)
        } else if exclusions
            .classes
            .iter()
            .any(|(class, origin)| route.class() == Some(class) && *origin == route.origin)
        {
            Some(Skip::ClassOpen)
        } else if too_small(route.context, exclusions.context) {
            Some(Skip::ContextTooSmall)
        } else if too_small(route.max_output.map(u64::from), exclusions.output.map(u64::from)) {
            Some(Skip::OutputTooSmall)
        } else if exclusions.without_credit.contains(&route.origin) && !route.is_free() {
            Some(Skip::NoCredit)
        } else if self.is_too_expensive(index) {
            Some(Skip::TooExpensive)
        } else if self.model_attempts(index) >= self.policy.limits.per_model {
            Some(Skip::AttemptsUsed)
        } else {
            None
        }
    }

    fn is_too_expensive(&self, index: usize) -> bool {
        let route = &self.chain[index];
        let over = |ratio| index > 0 && !policy::within_price(&self.chain[0], route, ratio);
        let costs = |price| !route.is_free() && route.worst_case.is_none_or(|worst| worst >= price);
        self.policy.max_price_ratio.is_some_and(over) || self.exclusions.price.is_some_and(costs)
    }

    /// Attempts on the route's model so far, over all routes to it.
    pub(super) fn model_attempts(&self, index: usize) -> u32 {
        let same = |route: usize| self.chain[route].model == self.chain[index].model;
        let ended = self.failures.iter().filter(|ended| same(ended.route)).count();
        let live = self.live.iter().filter(|live| same(live.route)).count();
        (ended + live) as u32
    }

    /// The run does not return to this route, or to the same model at the same origin.
    pub(super) fn give_up(&mut self, index: usize) {
        for other in 0..self.chain.len() {
            self.route_states[other].given_up |= self.are_same(index, other);
        }
    }

    /// Whether two routes are the same model at the same origin.
    pub(super) fn are_same(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.chain[a], &self.chain[b]);
        a.model == b.model && a.origin == b.origin
    }

    /// Emits that a route is skipped, once for each reason.
    pub(super) fn emit_skip(&mut self, index: usize, skip: Option<Skip>, health: &Health) {
        let Some(why) = skip.filter(|why| !self.route_states[index].skips.contains(why)) else { return };
        self.route_states[index].skips.push(why);
        let until = match health.admission(self.now, &self.chain[index]).0 {
            Admission::Open(until) => until,
            Admission::Probed(lease) => Some(lease),
            Admission::Free | Admission::Probe => None,
        };
        let until = until.map(|until| until.saturating_sub(self.began.unwrap_or_default()));
        let until = until.filter(|_| waiting_helps(why));
        let model = self.chain[index].model.clone();
        self.events.push(Event::Skipped(Skipped { route: index, model, why, until }));
    }

    /// How a first request on this route differs from the run's first: by the output limit that an earlier answer needed.
    fn changes_for(&self, index: usize) -> Changes {
        let route = &self.chain[index];
        let max_tokens = self.exclusions.max_tokens.map(|asked| asked.min(route.max_output.unwrap_or(asked)));
        Changes { max_tokens: max_tokens.filter(|_| route.max_tokens.is_some()), ..Changes::default() }
    }
}

fn waiting_helps(why: Skip) -> bool {
    use Skip::{AccountOpen, BreakerOpen, ClassOpen, OriginOpen, ProbeInFlight};
    matches!(why, BreakerOpen | ClassOpen | AccountOpen | OriginOpen | ProbeInFlight)
}
