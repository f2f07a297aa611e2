//! The requests that a run would send, composed without sending them.

use super::attempt;
use super::context::CallContext;
use super::injected::Advance;
use super::options::RunOptions;
use super::services::Services;
use crate::dspy::program::Step;
use crate::failover::{AttemptId, Changes, Failover, Failure, Relation, Route, Started};
use crate::openrouter::Request;
use crate::spec::RunSpec;
use std::sync::Arc;

/// One model's first request.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The model that it asks.
    pub model: String,
    /// The request, the key masked.
    pub request: Arc<Request>,
    /// The fault that would be injected, in the form of `--fault`; `None` if none.
    pub injected: Option<String>,
    /// The most that one call can cost, in USD; `None` if prices are unknown.
    pub worst_case: Option<f64>,
}

/// Composes the first request to each model of the chain, and fills in the spec as a run would. Nothing is sent.
///
/// # Errors
/// A request that cannot be composed, with the reason.
pub fn preview(spec: &mut RunSpec, services: &Services) -> Result<Vec<Preview>, Failure> {
    // All first calls ask the same.
    let Step::Calls(calls) = spec.task.next(&[]) else { return Ok(Vec::new()) };
    let Some(call) = calls.first() else { return Ok(Vec::new()) };
    let prompts = [spec.task.messages_of(call)];
    services.complete(spec, &prompts);
    let spec = &*spec;
    let options = RunOptions::default();
    let headers = options.headers(services);
    let secrets = options.secrets(&headers, services);
    let context = CallContext { spec, call, options: &options, services, headers: &headers, secrets: &secrets };
    let [messages] = prompts;
    let compose = |(route, place): (usize, &Route)| {
        let started = Started {
            attempt: AttemptId::new(1),
            route,
            model: place.model.clone(),
            relation: Relation::First,
            after: None,
            changes: Changes::default(),
            timeouts: spec.policy.timeouts,
        };
        let messages = context.messages(&context.asked(&started.model, &started.changes), &messages);
        let (sent, _unsent) = attempt::open(&context, &started, &messages, Advance::Nothing)?;
        Ok(Preview { model: sent.model, request: sent.request, injected: sent.injected, worst_case: place.worst_case })
    };
    // In server mode the server does the rest of the chain itself.
    let sent = if spec.policy.failover == Failover::Client { spec.chain.len() } else { 1 };
    spec.chain.iter().enumerate().take(sent).map(compose).collect()
}
