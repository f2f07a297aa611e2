//! The state of the circuit breakers before a run, derived from its log: the first known state of each breaker, the
//! routes that were skipped, and those that were asked although all circuits were open.

use crate::failover::breaker::{Admission, Cooldown, Permit, TRIPS_AT};
use crate::failover::health::Charge;
use crate::failover::{BreakerChange, BreakerState, Event, FaultDomain, Health, Relation, Route, Scope, Skip, Skipped};
use crate::report::{Report, ReportKind};
use std::time::Duration;

/// The engine's clock when the run begins: earlier runs need a past to have happened in.
pub(super) const EPOCH: Duration = Duration::from_secs(3600);
/// A probe of another run has its permit for this time, if the log does not say until when.
const LEASE: Duration = Duration::from_secs(90);
/// The longest time that a circuit stays open after its route was forced, if the log does not say until when.
const OPEN: Duration = Duration::from_secs(3600);
/// The smallest difference between two times of a log.
const INSTANT: Duration = Duration::from_micros(1);

/// The breakers as they were before this run.
pub(super) fn before(run: &[Report], chain: &[Route]) -> Health {
    let mut evidence =
        Evidence { chain, health: Health::default(), seen: Vec::new(), asked: Vec::new(), opened: Vec::new() };
    let mut forced = Vec::new();
    for report in run {
        let ReportKind::Engine(event) = &report.what else { continue };
        match event {
            Event::Breaker(change) => {
                if let Some(route) = chain.iter().find(|route| is_guarded(route, &change.scope)) {
                    evidence.learn(route, change.scope.domain, change.from, LEASE);
                    evidence.changed(route, change);
                }
            }
            Event::Skipped(skipped) => evidence.skipped(skipped),
            Event::Failed(failed) => evidence.asked.extend(chain.get(failed.route).map(Scope::model)),
            Event::Started(started) => {
                let Some(route) = chain.get(started.route) else { continue };
                match started.relation {
                    Relation::Forced if evidence.may_have_opened(route) => {}
                    Relation::Forced => forced.push(Forced { at: report.at, route, asked: evidence.asked.len() }),
                    // The probe's own change of state comes before it; without that, the model's breaker was half-open.
                    Relation::Probe => evidence.learn(route, FaultDomain::Model, BreakerState::HalfOpen, LEASE),
                    _ => {}
                }
                if started.relation != Relation::Forced {
                    evidence.asked.push(Scope::model(route));
                }
            }
            _ => {}
        }
    }
    for forced in forced {
        evidence.forced(&forced);
    }
    evidence.health
}

/// Whether the scope's breaker guards the route. Lines of older versions name no origin.
fn is_guarded(route: &Route, scope: &Scope) -> bool {
    let named = |own: Scope| scope.origin.is_empty() && own.name == scope.name;
    scope.covers(route) || Scope::of(scope.domain, route).is_some_and(named)
}

/// A route that was asked although its circuit was open.
struct Forced<'a> {
    at: Duration,
    route: &'a Route,
    /// The number of models in [`Evidence::asked`] at that time.
    asked: usize,
}

/// What the reports say about the breakers before the run.
struct Evidence<'a> {
    chain: &'a [Route],
    health: Health,
    /// The breakers with a known state; what is said of them later is not about the time before the run.
    seen: Vec<Scope>,
    /// The models that the run has asked: their breakers may have opened during the run.
    asked: Vec<Scope>,
    /// The breakers that opened during the run and are still open.
    opened: Vec<Scope>,
}

impl Evidence<'_> {
    /// The breaker was in this state, unless more is known already. A probe keeps its permit for the time `lease`.
    fn learn(&mut self, route: &Route, domain: FaultDomain, state: BreakerState, lease: Duration) {
        let Some(scope) = Scope::of(domain, route).filter(|scope| !self.seen.contains(scope)) else { return };
        self.seen.push(scope);
        set(&mut self.health, route, domain, state, lease);
    }

    fn was_asked(&self, route: &Route) -> bool {
        self.asked.contains(&Scope::model(route))
    }

    fn changed(&mut self, route: &Route, change: &BreakerChange) {
        let Some(scope) = Scope::of(change.scope.domain, route) else { return };
        self.opened.retain(|open| *open != scope);
        if matches!(change.to, BreakerState::Open { .. }) {
            self.opened.push(scope);
        }
    }

    /// Whether one of the route's breakers has opened during the run, or may have.
    fn may_have_opened(&self, route: &Route) -> bool {
        self.was_asked(route) || self.opened.iter().any(|scope| scope.covers(route))
    }

    fn skipped(&mut self, skipped: &Skipped) {
        let (Some((domain, state)), Some(route)) = (breaker_of(skipped), self.chain.get(skipped.route)) else { return };
        if self.was_asked(route) {
            self.seen.extend(Scope::of(domain, route));
        } else {
            self.learn(route, domain, state, skipped.until.unwrap_or(LEASE));
        }
    }

    /// No route is skipped silently but the forced one: its circuit was open as well, and would close first.
    fn forced(&mut self, forced: &Forced<'_>) {
        let now = EPOCH.saturating_add(forced.at);
        if !matches!(self.health.admission(now, forced.route).0, Admission::Free | Admission::Probe) {
            return;
        }
        let others = self.chain.iter().filter(|route| !self.asked[..forced.asked].contains(&Scope::model(route)));
        let closes = others.filter_map(|route| match self.health.admission(now, route).0 {
            Admission::Open(Some(until)) | Admission::Probed(until) => Some(until.saturating_sub(INSTANT)),
            _ => None,
        });
        let until = closes.fold(now.saturating_add(OPEN), Duration::min).saturating_sub(EPOCH);
        set(&mut self.health, forced.route, FaultDomain::Model, BreakerState::Open { until: Some(until) }, LEASE);
    }
}

/// The breaker that caused a skip, and its state.
fn breaker_of(skipped: &Skipped) -> Option<(FaultDomain, BreakerState)> {
    let open = BreakerState::Open { until: skipped.until };
    match skipped.why {
        Skip::BreakerOpen => Some((FaultDomain::Model, open)),
        Skip::ClassOpen => Some((FaultDomain::Class, open)),
        Skip::AccountOpen => Some((FaultDomain::Account, open)),
        Skip::OriginOpen => Some((FaultDomain::Origin, open)),
        Skip::ProbeInFlight => Some((FaultDomain::Model, BreakerState::Probing)),
        _ => None,
    }
}

/// Brings a breaker into a state with failures before the run.
fn set(health: &mut Health, route: &Route, domain: FaultDomain, state: BreakerState, lease: Duration) {
    let mut fail = |ago: u64, weight: f32, cooldown: Cooldown| {
        let at = EPOCH.saturating_sub(Duration::from_secs(ago));
        let charge = Charge { domain, weight, cooldown, permit: Permit::Free, draw: 0.0 };
        health.fail(at, route, charge, "before this run");
    };
    match state {
        BreakerState::Closed { weight } if weight > 0.0 => fail(1, weight, Cooldown::ByWeight),
        BreakerState::Closed { .. } => {}
        BreakerState::Open { until: None } => fail(1, TRIPS_AT, Cooldown::Session),
        BreakerState::Open { until: Some(until) } => {
            // A failure opens for a few seconds at least and a day at most, counted from the failure.
            let ago = if until.as_secs() < 60 { 60 } else { 0 };
            fail(ago, TRIPS_AT, Cooldown::For(until.saturating_add(Duration::from_secs(ago))));
        }
        BreakerState::HalfOpen => fail(1800, TRIPS_AT, Cooldown::ByWeight),
        BreakerState::Probing => {
            fail(1800, TRIPS_AT, Cooldown::ByWeight);
            health.probe(EPOCH, route, EPOCH.saturating_add(lease));
        }
    }
}
