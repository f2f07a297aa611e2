//! What is known of models, classes, accounts and origins, shared by all runs and kept
//! in memory: their breakers, the models' recent times to first token, and the retry
//! budget. Knows no run. Times are on the engine's clock.

mod board;

pub use board::HealthRow;

use super::breaker::{Admission, Breaker, Cooldown, Permit};
use super::{BreakerState, FailureKind, FaultDomain, Route, Skip, as_ms};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Times to first token kept for each model.
const SAMPLES: usize = 20;
/// Samples below which a P95 is a guess.
const ENOUGH: usize = 5;
/// A network fault is charged to its model if another model answers over the same origin within this time.
const DIFFERENTIAL: Duration = Duration::from_secs(30);

/// Everything that runs share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    guards: Vec<GuardedBreaker>,
    paces: Vec<FirstTokenTimes>,
    suspects: Vec<Suspect>,
    budget: Budget,
}

/// A breaker and what it guards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct GuardedBreaker {
    #[serde(rename = "blame")]
    domain: FaultDomain,
    name: String,
    origin: String,
    breaker: Breaker,
    last_fault: Option<LastFailure>,
}

/// The last failure that was charged to a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastFailure {
    /// Which row of the outcome table.
    pub kind: FailureKind,
    /// When, on the engine's clock, in ms.
    #[serde(rename = "at_ms", with = "as_ms")]
    pub at: Duration,
}

/// Recent times to first token of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct FirstTokenTimes {
    model: String,
    origin: String,
    first_tokens: VecDeque<Sample>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
struct Sample(#[serde(with = "as_ms")] Duration);

/// A network fault that is the origin's until another model shows that it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Suspect {
    model: String,
    origin: String,
    kind: FailureKind,
    #[serde(rename = "at_ms", with = "as_ms")]
    at: Duration,
}

/// Tokens that same-model retries are paid from, over all runs.
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

/// A breaker moved; times are on the engine's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakerTransition {
    /// What it guards.
    pub domain: FaultDomain,
    /// Slug, class, or origin.
    pub name: String,
    /// Before.
    pub from: BreakerState,
    /// After.
    pub to: BreakerState,
    /// One line for people.
    pub why: String,
}

/// One charged failure, as [`Health::fail`] needs it.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Which breaker of the route.
    pub domain: FaultDomain,
    /// Which row.
    pub kind: FailureKind,
    /// How much.
    pub weight: f32,
    /// How long at least.
    pub cooldown: Cooldown,
    /// With what right the call got past the breakers.
    pub permit: Permit,
    /// Jitter in `0..1`.
    pub draw: f64,
}

/// Name and origin under which `domain` is filed for this route; `None`: the route has no such domain.
fn filed(domain: FaultDomain, route: &Route) -> Option<(&str, &str)> {
    match domain {
        FaultDomain::Model => Some((&route.model, &route.origin)),
        FaultDomain::Class => route.class().map(|class| (class, route.origin.as_str())),
        FaultDomain::Account | FaultDomain::Origin => Some((&route.origin, &route.origin)),
        FaultDomain::Request | FaultDomain::Local | FaultDomain::None => None,
    }
}

impl Health {
    /// Whether a call on this route may pass now, and which of its breakers says no.
    /// One that says no for longest wins; a probe is one as soon as any breaker is half-open.
    pub fn admission(&self, now: Duration, route: &Route) -> (Admission, Option<Skip>) {
        let mut verdict = (Admission::Free, None);
        for guard in self.guards.iter().filter(|guard| guard.covers(route)) {
            let admission = guard.breaker.admission(now);
            if severity(admission) > severity(verdict.0) {
                verdict = (admission, skip(guard.domain, admission));
            }
        }
        verdict
    }

    /// Whether a call on this route that had this right still has it.
    pub fn still_admits(&self, now: Duration, route: &Route, permit: Permit) -> bool {
        self.guards.iter().filter(|guard| guard.covers(route)).all(|guard| guard.breaker.still_admits(now, permit))
    }

    /// Whether a failure of this weight on this route's model would open its breaker.
    pub fn would_open(&self, now: Duration, domain: FaultDomain, weight: f32, route: &Route) -> bool {
        match self.guard(domain, route) {
            Some(guard) => guard.breaker.would_open(now, weight),
            None => Breaker::default().would_open(now, weight),
        }
    }

    /// Takes the permits of all the route's half-open breakers.
    pub fn probe(&mut self, now: Duration, route: &Route, lease: Duration) -> Vec<BreakerTransition> {
        self.each(route, now, "a probe is on its way", |guard| {
            if guard.breaker.admission(now) == Admission::Probe {
                guard.breaker.probe(lease);
            }
        })
    }

    /// Gives back the permits of this lease that a probe on this route still holds.
    pub fn release(&mut self, now: Duration, route: &Route, lease: Duration) -> Vec<BreakerTransition> {
        self.each(route, now, "the permit is free again", |guard| guard.breaker.release(now, lease))
    }

    /// The route gave a valid answer: its breakers close, and network faults of other
    /// models over the same origin turn out to have been theirs.
    pub fn succeed(&mut self, now: Duration, route: &Route, permit: Permit, draw: f64) -> Vec<BreakerTransition> {
        self.earn(0.2);
        let mut transitions = self.each(route, now, "it answered", |guard| guard.breaker.succeed(now, permit));
        let cleared: Vec<Suspect> = self.suspects.extract_if(.., |s| s.origin == route.origin).collect();
        for suspect in cleared.into_iter().filter(|s| s.model != route.model && s.at + DIFFERENTIAL >= now) {
            let other = Route::new(&suspect.model, &suspect.origin);
            let charge = Charge {
                domain: FaultDomain::Model,
                kind: suspect.kind,
                weight: 1.0,
                cooldown: Cooldown::ByWeight,
                permit: Permit::Free,
                draw,
            };
            let why = format!("not the network: {} answered over the same origin", route.model);
            transitions.extend(self.charge(now, &other, charge, &why));
        }
        transitions
    }

    /// The origin answered, whatever it said.
    pub fn reached(&mut self, now: Duration, route: &Route, permit: Permit) -> Vec<BreakerTransition> {
        self.each(route, now, "it answers", |guard| {
            if guard.domain == FaultDomain::Origin {
                guard.breaker.succeed(now, permit);
            }
        })
    }

    /// Charges a failure to one of the route's breakers. A network fault is noted against the model, too.
    pub fn fail(&mut self, now: Duration, route: &Route, charge: Charge, why: &str) -> Vec<BreakerTransition> {
        if charge.domain == FaultDomain::Origin {
            self.suspects.retain(|s| s.at + DIFFERENTIAL >= now);
            let (model, origin) = (route.model.clone(), route.origin.clone());
            self.suspects.push(Suspect { model, origin, kind: charge.kind, at: now });
        }
        self.charge(now, route, charge, why)
    }

    fn charge(&mut self, now: Duration, route: &Route, charge: Charge, why: &str) -> Vec<BreakerTransition> {
        let Some((name, origin)) = filed(charge.domain, route) else { return Vec::new() };
        if self.guard(charge.domain, route).is_none() {
            let (name, origin) = (name.to_owned(), origin.to_owned());
            let breaker = Breaker::default();
            self.guards.push(GuardedBreaker { domain: charge.domain, name, origin, breaker, last_fault: None });
        }
        self.each(route, now, why, |guard| {
            if guard.domain == charge.domain {
                guard.breaker.fail(now, charge.weight, charge.cooldown, charge.permit, charge.draw);
                guard.last_fault = Some(LastFailure { kind: charge.kind, at: now });
            }
        })
    }

    /// Remembers a time to first token.
    pub fn first_token(&mut self, route: &Route, took: Duration) {
        let known = self.paces.iter().position(|p| p.model == route.model && p.origin == route.origin);
        let index = known.unwrap_or_else(|| {
            let (model, origin) = (route.model.clone(), route.origin.clone());
            self.paces.push(FirstTokenTimes { model, origin, first_tokens: VecDeque::new() });
            self.paces.len() - 1
        });
        let samples = &mut self.paces[index].first_tokens;
        if samples.len() == SAMPLES {
            samples.pop_front();
        }
        samples.push_back(Sample(took));
    }

    /// P95 of the model's recent times to first token, once there are enough of them.
    pub fn p95(&self, route: &Route) -> Option<Duration> {
        self.pace(&route.model, &route.origin)
            .filter(|pace| pace.first_tokens.len() >= ENOUGH)
            .and_then(|pace| pace.quantile(0.95))
    }

    /// Whether same-model retries may be paid for: the budget is over one half.
    pub fn may_retry(&self) -> bool {
        self.budget.0 > Budget::FULL / 2.0
    }

    /// The retry budget's tokens, of ten.
    pub fn budget(&self) -> f32 {
        self.budget.0
    }

    /// A retry (1) or a timeout (2) is paid for.
    pub fn spend(&mut self, tokens: f32) {
        self.budget.0 = (self.budget.0 - tokens).max(0.0);
    }

    fn earn(&mut self, tokens: f32) {
        self.budget.0 = (self.budget.0 + tokens).min(Budget::FULL);
    }

    /// Closes the breakers of this name, as if nothing had happened. Says whether there were any.
    pub fn reset(&mut self, name: &str) -> bool {
        self.suspects.retain(|s| s.model != name);
        let before = self.guards.len();
        self.guards.retain(|guard| guard.name != name);
        self.guards.len() < before
    }

    fn guard(&self, domain: FaultDomain, route: &Route) -> Option<&GuardedBreaker> {
        self.guards.iter().find(|guard| guard.domain == domain && guard.covers(route))
    }

    fn pace(&self, model: &str, origin: &str) -> Option<&FirstTokenTimes> {
        self.paces.iter().find(|p| p.model == model && p.origin == origin)
    }

    /// Does `act` to each breaker of the route, and says which ones it moved.
    fn each(
        &mut self,
        route: &Route,
        now: Duration,
        why: &str,
        mut act: impl FnMut(&mut GuardedBreaker),
    ) -> Vec<BreakerTransition> {
        let mut transitions = Vec::new();
        for guard in self.guards.iter_mut().filter(|guard| guard.covers(route)) {
            let from = guard.breaker.state(now);
            act(guard);
            let to = guard.breaker.state(now);
            if from != to {
                transitions.push(BreakerTransition {
                    domain: guard.domain,
                    name: guard.name.clone(),
                    from,
                    to,
                    why: why.to_owned(),
                });
            }
        }
        transitions
    }
}

impl GuardedBreaker {
    fn covers(&self, route: &Route) -> bool {
        filed(self.domain, route) == Some((&self.name, &self.origin))
    }
}

impl FirstTokenTimes {
    /// Nearest rank.
    fn quantile(&self, q: f64) -> Option<Duration> {
        let mut sorted: Vec<Sample> = self.first_tokens.iter().copied().collect();
        sorted.sort_unstable();
        let rank = (q * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.max(1) - 1).map(|sample| sample.0)
    }
}

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
