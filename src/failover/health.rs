//! What all runs share, kept in memory: the breakers of models, classes, accounts and
//! origins, each model's recent times to first token, and the retry budget. Knows no run.
//! Times are on the engine's clock.

mod first_tokens;

pub use first_tokens::FirstTokenTimes;

use super::breaker::{Admission, Breaker, Cooldown, Permit};
use super::{BreakerState, FaultDomain, Route, Scope, Skip, as_ms};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A P95 needs this many times to first token.
const ENOUGH: usize = 5;
/// A network failure is charged to its model if another model answers over the same origin within this time.
const DIFFERENTIAL: Duration = Duration::from_secs(30);

/// The most breakers, and the most models with times, that are kept; of more, the oldest is forgotten. Clients of the
/// gateway can name any number of models.
const MAX_KEPT: usize = 1024;

/// The state that runs share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    #[serde(rename = "breakers", default, skip_serializing_if = "Vec::is_empty")]
    guards: Vec<GuardedBreaker>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    models: Vec<ModelTimes>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    suspects: Vec<Suspect>,
    budget: Budget,
}

/// A breaker and what it guards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct GuardedBreaker {
    #[serde(flatten)]
    scope: Scope,
    #[serde(flatten)]
    breaker: Breaker,
}

/// A model's recent times to first token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ModelTimes {
    #[serde(flatten)]
    scope: Scope,
    first_tokens: FirstTokenTimes,
}

/// A model whose call failed on the network. The failure counts against the origin, until another model answers there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Suspect {
    #[serde(flatten)]
    scope: Scope,
    #[serde(rename = "at_ms", with = "as_ms")]
    at: Duration,
}

/// Tokens that pay for retries on the same model, over all runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Budget(f32);

impl Budget {
    const FULL: f32 = 10.0;
}

impl Default for Budget {
    fn default() -> Self {
        Self(Self::FULL)
    }
}

/// A change of a breaker's state; times are on the engine's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerTransition {
    /// What the breaker guards.
    pub scope: Scope,
    /// The state before.
    pub from: BreakerState,
    /// The state after.
    pub to: BreakerState,
    /// The cause, for people.
    pub why: String,
}

/// One charged failure, as [`Health::fail`] needs it.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Which of the route's breakers is charged.
    pub domain: FaultDomain,
    /// The failure's weight; the breaker opens at 3.
    pub weight: f32,
    /// The shortest time that the breaker stays open, if it opens.
    pub cooldown: Cooldown,
    /// How the call was admitted.
    pub permit: Permit,
    /// Jitter in `0..1`.
    pub draw: f64,
}

impl Health {
    /// The part that decides for a run over `chain`, from `now` on. `hedges`: whether the run may start hedges.
    #[must_use]
    pub fn part(&self, now: Duration, chain: &[Route], hedges: bool) -> Self {
        let is_asked = |scope: &Scope| chain.iter().any(|route| scope.covers(route));
        let guards = self.guards.iter().filter(|guard| is_asked(&guard.scope)).filter_map(|guard| {
            let breaker = guard.breaker.at(now)?;
            Some(GuardedBreaker { scope: guard.scope.clone(), breaker })
        });
        let suspects = self.suspects.iter().filter(|suspect| suspect.counts(now) && is_asked(&suspect.scope));
        let models = self.models.iter().filter(|model| hedges && is_asked(&model.scope));
        Self {
            guards: guards.collect(),
            models: models.cloned().collect(),
            suspects: suspects.cloned().collect(),
            budget: self.budget,
        }
    }

    /// Whether a call on this route is admitted now, and if not, why. Of several breakers the one
    /// that stays open longest decides; the call is a probe if any of them is half-open.
    pub fn admission(&self, now: Duration, route: &Route) -> (Admission, Option<Skip>) {
        let mut decision = (Admission::Free, None);
        for guard in self.guards.iter().filter(|guard| guard.scope.covers(route)) {
            let admission = guard.breaker.admission(now);
            if severity(admission) > severity(decision.0) {
                decision = (admission, skip(guard.scope.domain, admission));
            }
        }
        decision
    }

    /// Whether a call on this route, admitted earlier with `permit`, is still admitted.
    pub fn still_admits(&self, now: Duration, route: &Route, permit: Permit) -> bool {
        let mut guards = self.guards.iter().filter(|guard| guard.scope.covers(route));
        guards.all(|guard| guard.breaker.still_admits(now, permit))
    }

    /// Whether a failure of this weight would open the route's breaker of this domain.
    pub fn would_open(&self, now: Duration, domain: FaultDomain, weight: f32, route: &Route) -> bool {
        let guard = self.guards.iter().find(|guard| guard.is(domain, route));
        guard.map_or_else(|| Breaker::default().would_open(now, weight), |guard| guard.breaker.would_open(now, weight))
    }

    /// Takes the permits of all the route's half-open breakers.
    pub fn probe(&mut self, now: Duration, route: &Route, lease: Duration) -> Vec<BreakerTransition> {
        self.each(now, route, "a probe was sent", |guard| {
            if guard.breaker.admission(now) == Admission::Probe {
                guard.breaker.probe(lease);
            }
        })
    }

    /// Returns the permits of this lease that a probe on this route still holds.
    pub fn release(&mut self, now: Duration, route: &Route, lease: Duration) -> Vec<BreakerTransition> {
        self.each(now, route, "the probe gave no result", |guard| guard.breaker.release(now, lease))
    }

    /// The route gave a valid answer. Its breakers close, and recent network failures of other
    /// models at the same origin are charged to those models.
    pub fn succeed(&mut self, now: Duration, route: &Route, permit: Permit, draw: f64) -> Vec<BreakerTransition> {
        self.earn(0.2);
        let mut transitions = self.each(now, route, "it answered", |guard| guard.breaker.succeed(now, permit));
        let suspects: Vec<Suspect> = self.suspects.extract_if(.., |s| *s.scope.origin == *route.origin).collect();
        for suspect in suspects {
            if *suspect.scope.name == *route.model || !suspect.counts(now) {
                continue;
            }
            let scope = suspect.scope;
            let why = format!("not the network: {} answered at the same origin", route.model);
            let index = self.guards.iter().position(|guard| guard.scope == scope).unwrap_or_else(|| self.guard(scope));
            let fail =
                |guard: &mut GuardedBreaker| guard.breaker.fail(now, 1.0, Cooldown::ByWeight, Permit::Free, draw);
            transitions.extend(self.guards[index].change(now, |_, _| why, fail));
        }
        transitions
    }

    /// The origin answered, whatever it said: its breaker closes.
    pub fn reached(&mut self, now: Duration, route: &Route, permit: Permit) -> Vec<BreakerTransition> {
        self.each(now, route, "it responds", |guard| {
            if guard.scope.domain == FaultDomain::Origin {
                guard.breaker.succeed(now, permit);
            }
        })
    }

    /// Charges a failure to one of the route's breakers; `cause` names it in a few words. A network failure counts
    /// against the origin, and against the model if another model then answers there.
    pub fn fail(&mut self, now: Duration, route: &Route, charge: Charge, cause: &str) -> Option<BreakerTransition> {
        if charge.domain == FaultDomain::Origin {
            self.suspects.retain(|suspect| suspect.counts(now));
            self.suspects.push(Suspect { scope: Scope::model(route), at: now });
        }
        let index = match self.guards.iter().position(|guard| guard.is(charge.domain, route)) {
            Some(index) => index,
            None => self.guard(Scope::of(charge.domain, route)?),
        };
        let why = |from, to| match (from, to) {
            (BreakerState::Closed { .. }, BreakerState::Open { .. }) if charge.cooldown == Cooldown::ByWeight => {
                format!("repeated {cause}")
            }
            (BreakerState::HalfOpen | BreakerState::Probing, BreakerState::Open { .. }) => {
                format!("the probe failed: {cause}")
            }
            _ => cause.to_owned(),
        };
        self.guards[index].change(now, why, |guard| {
            guard.breaker.fail(now, charge.weight, charge.cooldown, charge.permit, charge.draw);
        })
    }

    /// Adds a time to first token of the route's model.
    pub fn first_token(&mut self, route: &Route, took: Duration) {
        let known = self.models.iter().position(|model| model.scope.covers(route));
        let index = known.unwrap_or_else(|| {
            let times = ModelTimes { scope: Scope::model(route), first_tokens: FirstTokenTimes::default() };
            push_newest(&mut self.models, times)
        });
        self.models[index].first_tokens.record(took);
    }

    /// The 95th percentile of the model's recent times to first token. `None` for fewer than five of them.
    pub fn p95(&self, route: &Route) -> Option<Duration> {
        let known = self.models.iter().find(|model| model.scope.covers(route))?;
        known.first_tokens.percentile(95).filter(|_| known.first_tokens.len() >= ENOUGH)
    }

    /// Whether the retry budget, over half full, pays for a retry on the same model.
    pub fn may_retry(&self) -> bool {
        self.budget.0 > Budget::FULL / 2.0
    }

    /// Tokens in the retry budget, of ten.
    pub fn budget(&self) -> f32 {
        self.budget.0
    }

    /// Takes tokens from the retry budget: 1 for a retry, 2 for a timeout.
    pub fn spend(&mut self, tokens: f32) {
        self.budget.0 = (self.budget.0 - tokens).max(0.0);
    }

    fn earn(&mut self, tokens: f32) {
        self.budget.0 = (self.budget.0 + tokens).min(Budget::FULL);
    }

    /// Every breaker that was charged since its last reset, with its state at `now`.
    pub fn breakers(&self, now: Duration) -> impl Iterator<Item = (&Scope, BreakerState)> {
        self.guards.iter().map(move |guard| (&guard.scope, guard.breaker.state(now)))
    }

    /// Closes all breakers of this name and forgets their failures. Returns whether there were any.
    pub fn reset(&mut self, name: &str) -> bool {
        self.suspects.retain(|s| *s.scope.name != *name);
        let before = self.guards.len();
        self.guards.retain(|guard| *guard.scope.name != *name);
        self.guards.len() < before
    }

    /// Closes all breakers of this route and forgets their failures, because a fault on it was set or cleared: what
    /// they counted says nothing about the route as it is now.
    pub fn reset_route(&mut self, route: &Route) {
        self.suspects.retain(|suspect| !suspect.scope.covers(route));
        self.guards.retain(|guard| !guard.scope.covers(route));
    }

    /// Adds a closed breaker and returns its index.
    fn guard(&mut self, scope: Scope) -> usize {
        push_newest(&mut self.guards, GuardedBreaker { scope, breaker: Breaker::default() })
    }

    /// Applies `change` to each breaker of the route and returns the transitions.
    fn each(
        &mut self,
        now: Duration,
        route: &Route,
        why: &str,
        mut change: impl FnMut(&mut GuardedBreaker),
    ) -> Vec<BreakerTransition> {
        let guards = self.guards.iter_mut().filter(|guard| guard.scope.covers(route));
        guards.filter_map(|guard| guard.change(now, |_, _| why.to_owned(), &mut change)).collect()
    }
}

/// Adds an item and returns its index. A full list loses its oldest item.
fn push_newest<T>(list: &mut Vec<T>, item: T) -> usize {
    if list.len() >= MAX_KEPT {
        list.remove(0);
    }
    list.push(item);
    list.len() - 1
}

impl Suspect {
    fn counts(&self, now: Duration) -> bool {
        self.at + DIFFERENTIAL >= now
    }
}

impl GuardedBreaker {
    fn is(&self, domain: FaultDomain, route: &Route) -> bool {
        self.scope.domain == domain && self.scope.covers(route)
    }

    /// Applies `change`; returns the transition if the state is another one afterwards.
    fn change(
        &mut self,
        now: Duration,
        why: impl FnOnce(BreakerState, BreakerState) -> String,
        change: impl FnOnce(&mut Self),
    ) -> Option<BreakerTransition> {
        let from = self.breaker.state(now);
        change(self);
        let to = self.breaker.state(now);
        (from != to).then(|| BreakerTransition { scope: self.scope.clone(), from, to, why: why(from, to) })
    }
}

/// How much an admission holds a call back, for comparison.
fn severity(admission: Admission) -> (u8, Duration) {
    match admission {
        Admission::Free => (0, Duration::ZERO),
        Admission::Probe => (1, Duration::ZERO),
        Admission::Probed(until) | Admission::Open(Some(until)) => (2, until),
        Admission::Open(None) => (3, Duration::ZERO),
    }
}

fn skip(domain: FaultDomain, admission: Admission) -> Option<Skip> {
    match (admission, domain) {
        (Admission::Free | Admission::Probe, _) => None,
        (Admission::Probed(_), _) => Some(Skip::ProbeInFlight),
        (Admission::Open(_), FaultDomain::Class) => Some(Skip::ClassOpen),
        (Admission::Open(_), FaultDomain::Account) => Some(Skip::AccountOpen),
        (Admission::Open(_), FaultDomain::Origin) => Some(Skip::OriginOpen),
        (Admission::Open(_), _) => Some(Skip::BreakerOpen),
    }
}
