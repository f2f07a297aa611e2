//! Which route is next: the first that is neither given up, incapable, over budget nor
//! barred by a breaker; if breakers bar all that are left, the one that is due soonest.

use super::{Engine, PlannedStart};
use crate::failover::breaker::{Admission, Permit};
use crate::failover::{AttemptId, Changes, Event, Failover, Health, Outcome, Relation, Skip, Skipped, policy};
use std::time::Duration;

/// What the run has learnt that routes to come must have, or must not.
#[derive(Clone, Debug, Default)]
pub(super) struct Exclusions {
    /// Origins where another model would not help.
    pub(super) origins: Vec<String>,
    /// A class that is used up, with its origin.
    pub(super) classes: Vec<(&'static str, String)>,
    /// A context that was too small.
    pub(super) context: Option<u64>,
    /// A cap on output that was too low.
    pub(super) output: Option<u32>,
    /// The cap that is asked for instead.
    pub(super) max_tokens: Option<u32>,
    /// A price that was too high.
    pub(super) price: Option<f64>,
}

impl Engine {
    /// Starts the next route, or ends the run.
    pub(super) fn go_on(&mut self, after: Option<AttemptId>, health: &mut Health) {
        match self.choose(after, health) {
            Ok(start) => self.start(start, health),
            Err(outcome) => self.finish(outcome, None),
        }
    }

    /// The next route, walking the chain from the top.
    pub(super) fn choose(&mut self, after: Option<AttemptId>, health: &Health) -> Result<PlannedStart, Outcome> {
        if self.chain.is_empty() {
            return Err(Outcome::LocalError);
        }
        let mut soonest: Option<(Duration, usize)> = None;
        let mut passed = Vec::new();
        let mut chosen = None;
        for route in (0..self.chain.len()).filter(|&route| !self.route_states[route].given_up) {
            if let Some(skip) = self.incapable(route) {
                passed.push((route, skip));
                continue;
            }
            let (admission, skip) = health.admission(self.now, &self.chain[route]);
            let due = match admission {
                Admission::Free => {
                    chosen = Some((route, Permit::Free));
                    break;
                }
                Admission::Probe => {
                    chosen = Some((route, self.probe()));
                    break;
                }
                Admission::Open(until) => until.unwrap_or(Duration::MAX),
                Admission::Probed(lease) => lease,
            };
            passed.extend(skip.map(|skip| (route, skip)));
            if soonest.is_none_or(|(best, _)| due < best) {
                soonest = Some((due, route));
            }
        }
        let chosen = chosen.or(soonest.map(|(_, route)| (route, Permit::Forced)));
        for (route, skip) in passed {
            if chosen.is_none_or(|(taken, _)| taken != route) {
                self.note_skip(route, Some(skip), health);
            }
        }
        let (route, permit) = chosen.ok_or(Outcome::Exhausted)?;
        if self.attempts + self.inner >= self.policy.limits.per_run {
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

    /// The right of a probe: its permit lapses when the run does.
    fn probe(&self) -> Permit {
        Permit::Probe(self.deadline(self.began.unwrap_or_default()))
    }

    /// The route beside a slow one: the next that no breaker bars. Nothing is forced for a hedge.
    pub(super) fn hedge(&mut self, beside: AttemptId, health: &Health) -> Option<PlannedStart> {
        if self.attempts + self.inner >= self.policy.limits.per_run {
            return None;
        }
        for route in 0..self.chain.len() {
            if self.route_states[route].given_up || self.live.iter().any(|live| self.are_doubles(live.route, route)) {
                continue;
            }
            let (admission, barred) = health.admission(self.now, &self.chain[route]);
            let skip = self.incapable(route).or(barred);
            if skip.is_some() {
                self.note_skip(route, skip, health);
                continue;
            }
            let permit = if admission == Admission::Probe { self.probe() } else { Permit::Free };
            let changes = self.changes_for(route);
            let relation = Relation::Hedge;
            return Some(PlannedStart { at: self.now, route, relation, permit, after: Some(beside), changes });
        }
        None
    }

    /// Whether the route may still be chosen, breakers aside.
    pub(super) fn is_to_come(&self, route: usize) -> bool {
        !self.route_states[route].given_up && self.incapable(route).is_none()
    }

    /// What rules a route out in this run, whatever the breakers say.
    fn incapable(&self, index: usize) -> Option<Skip> {
        let (route, exclusions) = (&self.chain[index], &self.exclusions);
        let over = |cap: Option<u64>, floor: Option<u64>| cap.zip(floor).is_some_and(|(cap, floor)| cap <= floor);
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
        } else if over(route.context, exclusions.context) {
            Some(Skip::ContextTooSmall)
        } else if over(route.max_output.map(u64::from), exclusions.output.map(u64::from)) {
            Some(Skip::OutputTooSmall)
        } else if self.too_dear(index) {
            Some(Skip::TooDear)
        } else if self.tries(index) >= self.policy.limits.per_model {
            Some(Skip::AttemptsUsed)
        } else {
            None
        }
    }

    fn too_dear(&self, index: usize) -> bool {
        let route = &self.chain[index];
        let guarded = |ratio| index > 0 && !policy::within_price(&self.chain[0], route, ratio);
        self.policy.max_price_ratio.is_some_and(guarded)
            || self.exclusions.price.is_some_and(|price| route.worst_case.is_none_or(|worst| worst >= price))
    }

    /// Attempts on the route's model so far, whichever route they took.
    pub(super) fn tries(&self, index: usize) -> u32 {
        let same = |route: usize| self.chain[route].model == self.chain[index].model;
        let ended = self.failures.iter().filter(|ended| same(ended.route)).count();
        let live = self.live.iter().filter(|live| same(live.route)).count();
        (ended + live) as u32
    }

    /// The run does not come back to this route, nor to its double further down.
    pub(super) fn give_up(&mut self, index: usize) {
        for other in 0..self.chain.len() {
            self.route_states[other].given_up |= self.are_doubles(index, other);
        }
    }

    /// The same model at the same origin, which fails for the same reasons.
    fn are_doubles(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.chain[a], &self.chain[b]);
        a.model == b.model && a.origin == b.origin
    }

    /// Logs that a route was passed over, once for each reason.
    pub(super) fn note_skip(&mut self, index: usize, skip: Option<Skip>, health: &Health) {
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

    /// How a first request on this route differs from the run's first: by a cap that an earlier answer needed.
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
