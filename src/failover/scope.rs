//! What a failure is about, and what a breaker guards.

use super::Route;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The fault domain: the smallest thing that a failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultDomain {
    /// The request itself: every model would refuse it.
    Request,
    /// The model behind the route.
    Model,
    /// All models of a class (`:free`).
    Class,
    /// The account that the key belongs to.
    Account,
    /// The network, or the server as a whole.
    Origin,
    /// This machine, or its user.
    Local,
    /// Nothing failed: the engine ended the attempt for its own reasons.
    None,
}

/// What one breaker guards: a fault domain, and which one of its kind. A clone copies no text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The kind of thing: model, class, account or origin. The others have no breaker.
    #[serde(rename = "blame")]
    pub domain: FaultDomain,
    /// The model's slug, or the class (`:free`); for an account and an origin, the origin again.
    pub name: Arc<str>,
    /// Scheme, host and port where it is reached; empty where it is not known, as in lines of older versions.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub origin: Arc<str>,
}

impl Scope {
    /// The model of `route`.
    pub fn model(route: &Route) -> Self {
        Self { domain: FaultDomain::Model, name: Arc::from(&*route.model), origin: Arc::from(&*route.origin) }
    }

    /// The `domain` that `route` belongs to. `None` if that domain has no breaker, or the route no class.
    pub fn of(domain: FaultDomain, route: &Route) -> Option<Self> {
        Some(Self { domain, name: Arc::from(Self::name(domain, route)?), origin: Arc::from(&*route.origin) })
    }

    /// Whether `route` belongs to this scope.
    pub fn covers(&self, route: &Route) -> bool {
        *self.origin == *route.origin && Self::name(self.domain, route) == Some(&*self.name)
    }

    /// The name under which `domain` is known for this route.
    fn name(domain: FaultDomain, route: &Route) -> Option<&str> {
        match domain {
            FaultDomain::Model => Some(&route.model),
            FaultDomain::Class => route.class(),
            FaultDomain::Account | FaultDomain::Origin => Some(&route.origin),
            FaultDomain::Request | FaultDomain::Local | FaultDomain::None => None,
        }
    }
}
