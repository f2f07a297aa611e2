//! One attempt: its request is composed, opened, and read as a stream of progress.

use super::context::CallContext;
use super::services::{Address, Services};
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
    /// The attempt's end, after the deltas; `None` while it goes on.
    pub(super) end: Option<Box<Result<Completion, Failure>>>,
}

/// Composes the request. Nothing is sent until the exchange is polled for the first time.
/// Pass [`Services::next_address`] for an attempt, [`Services::address`] for a preview.
pub(super) fn open(
    context: &CallContext<'_>,
    started: &Started,
    messages: &[Message],
    address: impl Fn(&Services, &[&str]) -> Address,
) -> Result<(Sent, Exchange), Failure> {
    let mut settings = context.spec.settings.clone();
    if context.spec.policy.failover == Failover::Server {
        let others = context.spec.chain.iter().skip(started.route + 1).map(|route| route.model.clone());
        settings.models = others.take(MAX_MODELS).collect();
    }
    let models: Vec<&str> = [&started.model].into_iter().chain(&settings.models).map(String::as_str).collect();
    let Address { endpoint, injected, simulated } = address(context.services, &models);
    if context.spec.policy.failover == Failover::Server && endpoint.base.dialect() != Dialect::OpenRouter {
        let why = "this server knows no `models` list, so it cannot do the falling back; set failover.mode to client";
        return Err(Failure::new(FailureKind::Local, why));
    }
    let changes = &started.changes;
    let mut body = context.body(&started.model, messages, (&settings, changes), endpoint.base.dialect())?;
    for name in &changes.without {
        without::take_out(&mut body, name);
    }
    let headers = context.services.headers();
    let request = OutgoingRequest { endpoint: &endpoint, headers: &headers, body, fresh: changes.fresh_connection };
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
                let more = end.is_none().then_some(Ok(exchange));
                Some((Progress { deltas, end }, more))
            }
            Err(unsent) => Some((Progress { deltas, end: Some(Box::new(Err(unsent))) }, None)),
        }
    })
}
