//! The health board: what a person is shown of breakers and times to first token.

use super::{GuardedBreaker, Health, LastFailure};
use crate::failover::{BreakerState, FaultDomain, as_ms};
use serde::Serialize;
use std::time::Duration;

/// A line of the health board.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HealthRow {
    /// What is guarded: a model, a class, an account, an origin.
    #[serde(rename = "blame")]
    pub domain: FaultDomain,
    /// Slug, class, or origin.
    pub name: String,
    /// Where it is reached.
    pub origin: String,
    /// Its breaker; `until` is on the engine's clock.
    pub breaker: BreakerState,
    /// Until calls pass again, in ms; `null` when they do, or will not in this session.
    #[serde(rename = "countdown_ms", with = "as_ms::option")]
    pub countdown: Option<Duration>,
    /// What it last failed of.
    pub last_fault: Option<LastFailure>,
    /// Median time to first token of the last 20, in ms.
    #[serde(rename = "p50_ms", with = "as_ms::option")]
    pub p50: Option<Duration>,
    /// 95th percentile of the same, in ms.
    #[serde(rename = "p95_ms", with = "as_ms::option")]
    pub p95: Option<Duration>,
    /// How many samples these come from.
    pub samples: usize,
}

/// The order in which they are shown.
const ORDER: [FaultDomain; 4] = [FaultDomain::Model, FaultDomain::Class, FaultDomain::Account, FaultDomain::Origin];

impl Health {
    /// Every breaker that has ever been charged, and every model that has been timed, models first.
    pub fn board(&self, now: Duration) -> Vec<HealthRow> {
        let guarded = |model: &str, origin: &str| {
            self.guards.iter().any(|g| g.domain == FaultDomain::Model && g.name == model && g.origin == origin)
        };
        let guards = self.guards.iter().map(|g| self.standing(now, g.domain, &g.name, &g.origin, Some(g)));
        let timed = self.paces.iter().filter(|p| !guarded(&p.model, &p.origin));
        let timed = timed.map(|p| self.standing(now, FaultDomain::Model, &p.model, &p.origin, None));
        let mut board: Vec<HealthRow> = guards.chain(timed).collect();
        let place = |domain| ORDER.iter().position(|known| *known == domain);
        board.sort_by(|a, b| (place(a.domain), &a.name, &a.origin).cmp(&(place(b.domain), &b.name, &b.origin)));
        board
    }

    fn standing(
        &self,
        now: Duration,
        domain: FaultDomain,
        name: &str,
        origin: &str,
        guard: Option<&GuardedBreaker>,
    ) -> HealthRow {
        let breaker = guard.map_or(BreakerState::Closed { weight: 0.0 }, |guard| guard.breaker.state(now));
        let pace = self.pace(name, origin).filter(|_| domain == FaultDomain::Model);
        HealthRow {
            domain,
            name: name.to_owned(),
            origin: origin.to_owned(),
            breaker,
            countdown: match breaker {
                BreakerState::Open { until } => until.map(|until| until.saturating_sub(now)),
                _ => None,
            },
            last_fault: guard.and_then(|guard| guard.last_fault),
            p50: pace.and_then(|pace| pace.quantile(0.5)),
            p95: pace.and_then(|pace| pace.quantile(0.95)),
            samples: pace.map_or(0, |pace| pace.first_tokens.len()),
        }
    }
}
