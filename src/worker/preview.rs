//! A request as it would be sent, and is not.

use super::attempt;
use super::run::Predict;
use super::services::Services;
use crate::failover::{AttemptId, Changes, Failover, Failure, Relation, Started};
use crate::openrouter::Request;
use crate::report::RunSpec;
use std::sync::Arc;
use tokio::sync::watch;

/// One model's first request.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// The model.
    pub model: String,
    /// The request, the key masked.
    pub request: Arc<Request>,
    /// The fault that would be injected, as its word.
    pub injected: Option<String>,
    /// The most that it can cost, in USD; `None` is unknown.
    pub worst_case: Option<f64>,
}

/// Composes each model's first request. Nothing is sent.
///
/// # Errors
/// A request that could not be sent.
pub fn preview(spec: &mut RunSpec, services: &Services) -> Result<Vec<Preview>, Failure> {
    let signature = spec.module.expand(&spec.signature);
    let messages = spec.adapter.messages(&signature, &spec.inputs, &spec.demos, &spec.turns);
    services.complete(spec, messages.iter().map(|message| message.content.len()).sum());
    let spec = &*spec;
    let predict = Predict {
        spec,
        signature: &signature,
        messages: Vec::new(),
        chain: 0,
        policy: spec.policy.clone(),
        services,
        tell: &|_| {},
        cancel: watch::channel(false).1,
    };
    let compose = |(route, place): (usize, &crate::failover::Route)| {
        let started = Started {
            attempt: AttemptId(1),
            route,
            model: place.model.clone(),
            relation: Relation::First,
            after: None,
            changes: Changes::default(),
            timeouts: spec.policy.timeouts,
        };
        let (sent, _unsent) = attempt::open(&predict, &started, &messages, Services::address)?;
        Ok(Preview { model: sent.model, request: sent.request, injected: sent.injected, worst_case: place.worst_case })
    };
    // The server does the rest of the chain itself.
    let sent = match spec.policy.failover {
        Failover::Client => spec.chain.len(),
        Failover::Server | Failover::Strict => 1,
    };
    spec.chain.iter().enumerate().take(sent).map(compose).collect()
}
