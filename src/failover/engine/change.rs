//! How a request is changed, so that the same model may answer it after a failure.

use super::{Engine, LiveAttempt};
use crate::failover::rules::{self, OnRetry, RequestChange};
use crate::failover::{Changes, Failure, parameter};

/// Providers refuse a `max_tokens` below this.
const MIN_TOKENS: u32 = 16;
/// The `max_tokens` of a retry where neither a limit was sent nor the model's own is known: the server has a default that
/// is too low.
const FIRST_TOKENS: u32 = 4096;
/// A `max_tokens` that was too low is multiplied by this for the next attempt.
pub(crate) const TOKENS_FACTOR: u32 = 4;

impl Engine {
    /// The changed request with which the same route may succeed, if there is one.
    pub(super) fn change(&self, live: &LiveAttempt, failure: &Failure) -> Option<Changes> {
        let (route, state) = (&self.chain[live.route], &self.route_states[live.route]);
        let limit = live.changes.max_tokens.or(route.max_tokens);
        let with_limit = |to: Option<u32>| {
            let to = to.filter(|_| !state.max_tokens_changed);
            to.map(|to| Changes { max_tokens: Some(to), ..live.changes.clone() })
        };
        let without = |name: &str| {
            let dropped = live.changes.without.iter().any(|known| known == name);
            let without = live.changes.without.iter().cloned().chain([name.to_owned()]);
            (!dropped).then(|| Changes { without: without.collect(), ..live.changes.clone() })
        };
        let OnRetry::Amend(change) = rules::rule(failure.kind).on_retry else { return None };
        if let Some(name) = &failure.parameter {
            return without(name);
        }
        match change {
            RequestChange::Repair if state.repaired => None,
            RequestChange::Repair => Some(Changes { repair_of: Some(live.id), ..live.changes.clone() }),
            RequestChange::Plain => without(parameter::RESPONSE_FORMAT),
            RequestChange::Without => None,
            RequestChange::FewerTokens => {
                let affordable = failure.affordable_tokens.filter(|&tokens| tokens >= MIN_TOKENS);
                with_limit(affordable.filter(|&tokens| limit.is_none_or(|limit| tokens < limit)))
            }
            RequestChange::MoreTokens => {
                let raised = match (limit, route.max_output) {
                    (Some(limit), most) => limit.saturating_mul(TOKENS_FACTOR).min(most.unwrap_or(u32::MAX)),
                    (None, most) => most.unwrap_or(FIRST_TOKENS),
                };
                with_limit(Some(raised).filter(|&to| limit.is_none_or(|limit| to > limit)))
            }
        }
    }
}
