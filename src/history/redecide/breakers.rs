//! The state of the circuit breakers before a run, derived from its log: the first known state of each breaker, and the
//! routes that were skipped.

use crate::failover::breaker::{Cooldown, Permit, TRIPS_AT};
use crate::failover::health::Charge;
use crate::failover::{BreakerState, Event, FaultDomain, Health, Relation, Route, Skip, Skipped};
use crate::report::{Report, ReportKind};
use std::time::Duration;

/// The engine's clock when the run begins: earlier runs need a past to have happened in.
pub(super) const EPOCH: Duration = Duration::from_secs(3600);

/// The breakers as they were before this run.
pub(super) fn before(run: &[Report], chain: &[Route]) -> Health {
    let mut health = Health::default();
    let mut seen: Vec<(FaultDomain, String)> = Vec::new();
    let mut failed: Vec<&str> = Vec::new();
    let route_of = |domain: FaultDomain, name: &str| {
        chain.iter().find(|route| match domain {
            FaultDomain::Model => route.model == name,
            FaultDomain::Class => route.class() == Some(name),
            _ => route.origin == name,
        })
    };
    for report in run {
        match &report.what {
            ReportKind::Engine(Event::Failed(f)) => failed.push(&f.model),
            ReportKind::Engine(Event::Breaker(change)) => {
                let key = (change.scope.domain, change.scope.name.to_string());
                if let (false, Some(route)) = (seen.contains(&key), route_of(key.0, &key.1)) {
                    set(&mut health, route, key.0, change.from);
                }
                seen.push(key);
            }
            ReportKind::Engine(Event::Skipped(skipped)) => {
                let Some((domain, state)) = breaker_of(skipped) else { continue };
                let Some(route) = chain.get(skipped.route) else { continue };
                let name = match domain {
                    FaultDomain::Model => route.model.clone(),
                    FaultDomain::Class => route.class().unwrap_or_default().to_owned(),
                    _ => route.origin.clone(),
                };
                // If the model failed in this run, its breaker may have opened during the run.
                if !seen.contains(&(domain, name.clone())) && !failed.contains(&route.model.as_str()) {
                    set(&mut health, route, domain, state);
                }
                seen.push((domain, name));
            }
            ReportKind::Engine(Event::Started(started)) if started.relation == Relation::Probe => {
                let key = (FaultDomain::Model, started.model.clone());
                // The probe's own change of state comes before it; without that, the model's breaker was half-open.
                if let (false, Some(route)) = (seen.contains(&key), chain.get(started.route)) {
                    set(&mut health, route, FaultDomain::Model, BreakerState::HalfOpen);
                }
                seen.push(key);
            }
            _ => {}
        }
    }
    health
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
fn set(health: &mut Health, route: &Route, domain: FaultDomain, state: BreakerState) {
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
            fail(60, TRIPS_AT, Cooldown::For(until.saturating_add(Duration::from_secs(60))));
        }
        BreakerState::HalfOpen => fail(1800, TRIPS_AT, Cooldown::ByWeight),
        BreakerState::Probing => {
            fail(1800, TRIPS_AT, Cooldown::ByWeight);
            health.probe(EPOCH, route, EPOCH + Duration::from_secs(90));
        }
    }
}
