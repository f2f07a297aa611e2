//! One attempt: its request is composed, opened, and read as a stream of progress.

use super::context::CallContext;
use super::injected::Advance;
use super::services::Address;
use crate::failover::{Failover, Failure, FailureKind, Started};
use crate::openrouter::client::{Exchange, OutgoingRequest};
use crate::openrouter::settings::MAX_MODELS;
use crate::openrouter::{Completion, Delta, Dialect, Message, without};
use crate::report::Sent;
use futures_util::stream::{self, Stream};
use std::sync::Arc;

/// What an attempt did at one time.
pub(super) struct Progress {
    /// Deltas of the response, in order.
    pub(super) deltas: Vec<Delta>,
    /// The attempt's end, after the deltas; `None` while it continues.
    pub(super) end: Option<Box<Result<Completion, Failure>>>,
}

/// Composes the request. Nothing is sent until the exchange is polled for the first time.
/// A preview advances no fault's schedule.
pub(super) fn open(
    context: &CallContext<'_>,
    started: &Started,
    messages: &[Message],
    advance: Advance,
) -> Result<(Sent, Exchange), Failure> {
    let mut settings = context.spec.settings.clone();
    if context.spec.policy.failover == Failover::Server {
        let others = context.spec.chain.iter().skip(started.route + 1).map(|route| route.model.clone());
        settings.models = others.take(MAX_MODELS).collect();
    }
    let models: Vec<&str> = [&started.model].into_iter().chain(&settings.models).map(String::as_str).collect();
    let own = context.options.faults.as_deref();
    let Address { mut endpoint, injected, simulated } = context.services.address(started.route, &models, own, advance);
    if let Some(key) = context.options.key.as_ref().filter(|_| !simulated) {
        endpoint.key = Some(key.clone());
    }
    if context.spec.policy.failover == Failover::Server && endpoint.base.dialect() != Dialect::OpenRouter {
        let why = "this server knows no `models` list, so it cannot do the falling back; set failover.mode to client";
        return Err(Failure::new(FailureKind::Local, why));
    }
    let changes = &started.changes;
    let mut body = context.body(&started.model, messages, (&settings, changes), endpoint.base.dialect())?;
    for name in &changes.without {
        without::take_out(&mut body, name);
    }
    let request = OutgoingRequest {
        api: context.api(),
        endpoint: &endpoint,
        headers: context.headers,
        body,
        fresh: changes.fresh_connection,
    };
    let exchange = context.services.client.open(request)?.expecting(context.expects());
    let request = Arc::clone(exchange.request());
    Ok((Sent { attempt: started.attempt, model: started.model.clone(), request, injected, simulated }, exchange))
}

/// The exchange as a stream of progress, its end last. Dropping the stream closes the socket.
pub(super) fn listen(exchange: Result<Exchange, Failure>) -> impl Stream<Item = Progress> + Send + 'static {
    stream::unfold(Some(exchange), async |exchange| {
        let mut deltas = Vec::new();
        match exchange? {
            Ok(mut exchange) => {
                let end = exchange.advance(&mut deltas).await.map(Box::new);
                // Pieces that came at the same time are one: a flood of them would take many times its bytes.
                deltas.dedup_by(|next, delta| delta.append(next));
                let more = end.is_none().then_some(Ok(exchange));
                Some((Progress { deltas, end }, more))
            }
            Err(unsent) => Some((Progress { deltas, end: Some(Box::new(Err(unsent))) }, None)),
        }
    })
}
